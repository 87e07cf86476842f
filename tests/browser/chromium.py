"""Find a Chromium for the browser tests, or install one.

``python tests/browser/chromium.py`` takes the first that works: an installed browser, the one
that Playwright has downloaded, Playwright's download now, the distribution's package (as root).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> Path | None:
    """The browser to drive: ``CLOUDCHAMBER_TEST_CHROMIUM``, an installed one, Playwright's own."""
    if named := os.environ.get("CLOUDCHAMBER_TEST_CHROMIUM"):
        return Path(named)
    for name in NAMES:
        if path := shutil.which(name):
            return Path(path)
    return _playwright()


def _playwright() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def install() -> Path | None:
    """Install a browser by Playwright, else as root by the package manager of Debian."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if root and shutil.which("apt-get"):
        attempts[0].append("--with-deps")
        attempts.append(["apt-get", "update", "-qq"])
        attempts.append(["apt-get", "install", "-y", "-qq", "chromium"])
    for command in attempts:
        try:
            subprocess.run(command, check=True, timeout=600, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"{' '.join(command)}: {error}\n")
            continue
        if path := find():
            return path
    return None


def main() -> int:
    """Tell which browser the tests drive; fail in CI where there is none."""
    path = find() or install()
    if path is not None:
        sys.stdout.write(f"browser: {path}\n")
        return 0
    sys.stderr.write("no Chromium could be found or installed; the browser tests are skipped\n")
    return 1 if os.environ.get("CI", "").lower() in ("1", "true") else 0


if __name__ == "__main__":
    sys.exit(main())
