"""What axe-core finds wrong with a page."""

from typing import Any

from playwright.sync_api import Page


def problems(page: Page, axe: str) -> list[str]:
    """What axe-core finds wrong, one line for each rule and place."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
