"""Draw the top of the report as a browser shows it, for the README.

    python scripts/show_report.py                                      # reports/report.html to docs/report.png
    python scripts/show_report.py REPORT.html PICTURE.png --height 2000 --dark

Needs Chromium.
"""

import argparse
import shutil
from pathlib import Path

WIDTH = 1180


def draw(report: Path, picture: Path, height: int, scheme: str) -> None:
    """Write the picture of the first pixels of a report."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme=scheme)
        page.goto(report.absolute().as_uri())
        page.screenshot(path=picture)
        browser.close()


def main() -> None:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path, nargs="?", default=Path("reports/report.html"))
    parser.add_argument("picture", type=Path, nargs="?", default=Path("docs/report.png"))
    parser.add_argument("--height", type=int, default=880)
    parser.add_argument("--dark", action="store_true")
    chosen = parser.parse_args()
    scheme = "dark" if chosen.dark else "light"
    draw(chosen.report, chosen.picture, chosen.height, scheme)


if __name__ == "__main__":
    main()
