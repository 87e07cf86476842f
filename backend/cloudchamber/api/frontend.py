"""The built frontend at /, or a page that says how to build it; the login."""

import html
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from cloudchamber.api.deps import SettingsDep
from cloudchamber.api.security import COOKIE, is_token
from cloudchamber.errors import NotFound
from cloudchamber.settings import Settings

STATIC = Path(__file__).parent.parent / "static"

router = APIRouter(include_in_schema=False)


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A bare page without script or style; `title` is text, `body` is HTML of ours."""
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f"<title>{html.escape(title)}</title><h1>{html.escape(title)}</h1>{body}</html>",
        status,
    )


NOT_BUILT = (
    "<p>The API runs, but the pages are not built yet.</p>"
    "<p>Run <code>make build</code> in the folder of the program, then reload.</p>"
)
LOGIN = (
    "<p>This server needs a token. It was printed where the server was started.</p>"
    '<form method="post" action="/login"><label>Token '
    '<input name="token" type="password" autofocus></label> <button>Open</button></form>'
)


@router.get("/login")
def login(settings: SettingsDep, token: Annotated[str | None, Query()] = None) -> Response:
    """Exchange the token for a cookie, and leave it out of the address."""
    if settings.token is None:
        return RedirectResponse("/", 303)
    if not is_token(settings, token):
        return page("Cloudchamber", LOGIN, 401)
    return _let_in(settings, token or "")


@router.post("/login")
async def login_by_form(request: Request, settings: SettingsDep) -> Response:
    """The same from a form, so that the token need not stand in an address at all."""
    fields = parse_qs((await request.body())[:4096].decode("utf-8", "replace"))
    token = fields.get("token", [""])[0].strip()
    if settings.token is None:
        return RedirectResponse("/", 303)
    if not is_token(settings, token):
        return page("Cloudchamber", LOGIN, 401)
    return _let_in(settings, token)


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
def frontend(path: str, request: Request, settings: SettingsDep) -> Response:
    """A file of the built frontend; every other path is a view of the single page."""
    if path == "api" or path.startswith("api/"):
        raise NotFound("There is no such address.")
    if settings.token is not None and not is_token(settings, request.cookies.get(COOKIE)):
        return page("Cloudchamber", LOGIN, 401)
    index = STATIC / "index.html"
    file = (STATIC / path).resolve() if "\x00" not in path else index
    if path and file.is_file() and file.is_relative_to(STATIC.resolve()):
        # Vite puts a hash into the names under assets, so these never change.
        kept = "private, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        return FileResponse(file, headers={"Cache-Control": kept})
    if path.startswith("assets/"):
        raise NotFound("There is no such file.")
    if not index.is_file():
        return page("Cloudchamber", NOT_BUILT, 503)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


def _let_in(settings: Settings, token: str) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(COOKIE, token, max_age=14 * 86400, httponly=True, samesite="lax")
    return answer
