"""A real Chromium on the real program."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from browser import chromium, pictures
from browser.stack import Api, Stack

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
TIMEOUT_MS = 15_000
expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            item.add_marker(pytest.mark.browser)


# Not for the whole session: Playwright keeps an event loop running in the thread of the tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, or the end of the test with the reason."""
    path = chromium.find()
    if path is None:
        reason = "no Chromium; `make browser` installs one"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running program, shared by the tests: each works on datasets of its own."""
    with Stack(tmp_path_factory.mktemp("stack") / "data") as stack:
        yield stack


@pytest.fixture(scope="session")
def app_url(stack: Stack) -> str:
    """Where the page is."""
    return stack.url


@pytest.fixture(scope="session")
def preparation(stack: Stack) -> Iterator[Api]:
    """The API, for what the tests share."""
    with Api(stack.url) as api:
        yield api


@pytest.fixture
def annotator() -> str:
    """Who labels in this test. Labels are kept apart by person, so tests may share a dataset."""
    return f"annotator {uuid.uuid4().hex[:8]}"


@pytest.fixture
def api(stack: Stack, annotator: str) -> Iterator[Api]:
    """The API as the page of the test sees it."""
    with Api(stack.url, annotator=annotator) as api:
        yield api


@pytest.fixture(scope="session")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tar of 90 crops in three class folders."""
    return pictures.crops(tmp_path_factory.mktemp("crops") / "tracks.tar", 90)


@pytest.fixture(scope="session")
def exposure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FITS exposure with 40 tracks."""
    return pictures.exposure(tmp_path_factory.mktemp("exposure") / "run_1.fits")


@pytest.fixture
def new_dataset(api: Api) -> Callable[[str], int]:
    """A function that creates a dataset under a name that no other test has."""
    return lambda name: api.create_dataset(f"{name} {uuid.uuid4().hex[:6]}")


@pytest.fixture(scope="session")
def unlabelled(preparation: Api, crops: Path) -> int:
    """A dataset of 90 crops with their map, in which nobody but the test's annotator labels."""
    dataset = preparation.create_dataset("unlabelled")
    preparation.import_paths(dataset, crops)
    preparation.wait_until_quiet(dataset)
    return dataset


@pytest.fixture
def alone(api: Api, new_dataset: Callable[[str], int], crops: Path) -> int:
    """A dataset of 90 crops with their map that no other test uses."""
    dataset = new_dataset("alone")
    api.import_paths(dataset, crops)
    api.wait_until_quiet(dataset)
    return dataset


@pytest.fixture(scope="session")
def circle(preparation: Api, crops: Path, exposure: Path) -> int:
    """A dataset that has been once around: exposure, crops, labels, map, model. Only to look at."""
    dataset = preparation.create_dataset("circle")
    preparation.import_paths(dataset, crops, class_folders="labels")
    preparation.import_paths(dataset, exposure)
    preparation.wait_until_quiet(dataset)
    preparation.wait_for(
        preparation.start_job("train_classifier", dataset, {"epochs": 2, "folds": 2}), 180
    )
    preparation.wait_for(preparation.start_job("train_autoencoder", dataset, {"epochs": 2}), 180)
    preparation.wait_until_quiet(dataset)
    return dataset


@pytest.fixture(scope="session")
def axe(repository: Path) -> str:
    """The source of axe-core, the checker of accessibility."""
    path = repository / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    assert path.is_file(), "`make build` installs axe-core"
    return path.read_text()


class Watched:
    """What went wrong in a page while a test drove it."""

    def __init__(self, context: BrowserContext) -> None:
        self.errors: list[str] = []
        self.expected: tuple[str, ...] = ()
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))

    def _console(self, message: ConsoleMessage) -> None:
        # Without a graphics card Chromium reads each WebGL frame back and warns of its own doing.
        if "GL Driver Message (OpenGL, Performance" in message.text:
            return
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def expect(self, *parts: str) -> None:
        """Errors that contain one of `parts` belong to the test."""
        self.expected += parts

    def unexpected(self) -> list[str]:
        """The errors that nobody expected."""
        return [e for e in self.errors if not any(part in e for part in self.expected)]


@pytest.fixture
def context(browser: Browser, app_url: str, annotator: str) -> Iterator[BrowserContext]:
    """A browser profile of its own, as large as a laptop's screen."""
    context = browser.new_context(
        base_url=app_url,
        viewport={"width": 1440, "height": 900},
        color_scheme="dark",
        extra_http_headers={"X-Annotator": annotator},
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.add_init_script(WATCH_POLICY)
    yield context
    context.close()


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    """Fails the test when the page logged an error, a warning or a policy violation."""
    watched = Watched(context)
    yield watched
    for page in context.pages:
        if violations := page.evaluate("window.violations ?? []"):
            watched.errors.append(f"content security policy: {violations}")
    assert not watched.unexpected()


@pytest.fixture
def page(context: BrowserContext, watched: Watched) -> Page:
    """A tab whose console must stay silent."""
    return context.new_page()
