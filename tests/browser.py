"""A Chromium for tests of pages: no network, and nothing that a page complains of goes unseen."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, sync_playwright

WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=800)


def chromium_path() -> str:
    """Return the browser's path; skip without one, but fail where it must be there."""
    path = os.environ.get("ASSAY_CHROMIUM") or shutil.which("chromium")
    if path is None:
        reason = "no chromium on PATH, and ASSAY_CHROMIUM is not set"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}: the pages cannot be tested")
        pytest.skip(reason)
    return path


@contextmanager
def browser() -> Iterator[BrowserContext]:
    """Yield a context of a Chromium; start one for a whole module."""
    path = chromium_path()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started.new_context()
        started.close()


@contextmanager
def opened(
    context: BrowserContext,
    path: Path,
    viewport: ViewportSize = WIDE,
    color_scheme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """Yield a page from a file.

    Any request but that for the file itself, and anything that the page writes to the console or throws,
    fails when the page closes.

    Parameters
    ----------
    context : BrowserContext
    path : Path
    viewport : ViewportSize
    color_scheme : {"light", "dark"}
    """
    url = path.resolve().as_uri()
    complaints: list[str] = []
    # Data within the page is no request to another place.
    page = context.new_page()
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=color_scheme)
    page.route(
        lambda asked: asked.split("#")[0] != url and not asked.startswith("data:"),
        lambda route: (complaints.append(f"asked for {route.request.url}"), route.abort()),
    )
    page.set_default_timeout(5000)
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"thrown: {error}"))
    page.goto(url)
    yield page
    page.close()
    assert not complaints, "; ".join(complaints)


def becomes_true(page: Page, expression: str, tries: int = 100) -> bool:
    """Say whether an expression is true within some seconds.

    Playwright's own waiting evaluates the text within the page, which the page's content policy forbids.
    """
    for _ in range(tries):
        if page.evaluate(expression):
            return True
        page.wait_for_timeout(50)
    return False


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """Return what axe-core finds wrong with a page's accessibility, with the first place of each.

    Parameters
    ----------
    page : Page
    rules : list of str, optional
        Ask for these only.
    """
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules is not None:
        options["runOnly"] = {"type": "rule", "values": rules}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:200]})" for each in found]
