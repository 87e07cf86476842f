"""The benchmarks drive the same program in the same browser as the browser tests."""

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
