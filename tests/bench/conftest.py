"""The benchmarks drive the same program in the same browser as the browser tests."""

from bench.figures import print_all
from browser.conftest import (  # noqa: F401 - fixtures
    annotator,
    api,
    app_url,
    browser,
    context,
    page,
    preparation,
    stack,
    watched,
)


def pytest_sessionfinish() -> None:
    """The tables of what was measured."""
    print_all()
