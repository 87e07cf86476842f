"""Who may ask from where: host names, same origin, the token, and headers on every answer.

Cross-site requests are told by `Sec-Fetch-Site`, which browsers set and pages cannot forge;
where it is absent `Origin` must name this host (OWASP, Cross-Site Request Forgery Prevention).
"""

import hmac
import logging
from typing import Annotated

from fastapi import Cookie, Header, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloudchamber.api.problems import bug, of_error
from cloudchamber.errors import CloudchamberError, Forbidden, Invalid, TooLarge, Unauthorised
from cloudchamber.settings import Settings

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'; require-trusted-types-for 'script'; "
    # Svelte makes its templates through a policy of this name.
    "trusted-types svelte-trusted-html"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
MAX_BODY_BYTES = 32 << 20
COOKIE = "cloudchamber_token"


class Guard:
    """ASGI middleware around everything, errors and static files included."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.read_only = settings.read_only
        self.hosts = {"localhost", "127.0.0.1", "[::1]", *map(str.lower, settings.allowed_hosts)}
        if settings.host not in ("0.0.0.0", "::", ""):
            self.hosts.add(settings.host.lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self.check(scope["method"], Headers(scope=scope))
        except CloudchamberError as error:
            await of_error(error)(scope, receive, send_guarded)
            return
        try:
            await self.app(scope, self._limited(receive), send_guarded)
        except Exception:
            # Here and not in an exception handler: those of the framework run outside of us, and
            # their answer would lack the headers.
            log.exception("%s %s", scope["method"], scope["path"])
            if started:
                raise
            await bug()(scope, receive, send_guarded)

    def check(self, method: str, headers: Headers) -> None:
        """Raise unless host, origin and announced length are acceptable."""
        host = headers.get("host", "").lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in self.hosts:
            raise BadHost(
                "The server does not answer to this host name.",
                hint="Add it to CLOUDCHAMBER_ALLOWED_HOSTS.",
            )
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            raise TooLarge(f"A request has at most {MAX_BODY_BYTES >> 20} MiB.")
        if method in SAFE_METHODS:
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None and site not in ("same-origin", "none"):
            raise Forbidden("Requests from other sites are refused.")
        if site is None and origin is not None and origin.split("://", 1)[-1].lower() != host:
            raise Forbidden("Requests from other sites are refused.")
        if self.read_only:
            raise Forbidden("This server is read-only.")

    @staticmethod
    def _limited(receive: Receive) -> Receive:
        """`receive` that refuses a body which grows beyond the limit unannounced."""
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY_BYTES:  # of this class, which reading a body lets through
                raise HTTPException(413, f"A request has at most {MAX_BODY_BYTES >> 20} MiB.")
            return message

        return limited


class BadHost(Invalid):
    code = "bad_host"
    status = 400


def is_token(settings: Settings, given: str | None) -> bool:
    """Whether `given` is the server's token; compared in constant time."""
    wanted = settings.token
    if wanted is None or given is None:
        return False
    return hmac.compare_digest(given.encode(), wanted.get_secret_value().encode())


def require_token(
    request: Request,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
    cloudchamber_token: Annotated[str | None, Cookie(include_in_schema=False)] = None,
) -> None:
    """Let a request pass that needs no token or brings the right one.

    A header wins over the cookie, so that a script's wrong token is not hidden by a login.
    """
    settings: Settings = request.app.state.settings
    if settings.token is None:
        return
    given = cloudchamber_token
    if authorization is not None:
        scheme, _, rest = authorization.partition(" ")
        given = rest.strip() if scheme.lower() == "bearer" else None
    if not is_token(settings, given):
        raise Unauthorised("This server needs a token.", hint="Open /login?token=… once.")
