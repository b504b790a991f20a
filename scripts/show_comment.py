"""Draw a review's comment as GitHub shows it, to look at it before it is posted.

    python scripts/show_comment.py outputs/review/comment.md outputs/review/comment.png

Needs Chromium. Pictures are looked for beside the comment.
"""

import argparse
import re
import shutil
from pathlib import Path

_STYLE = """
body { font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif;
  color: #1f2328; margin: 0; }
main { width: 880px; margin: 0 auto; padding: 16px 24px; }
h2 { font-size: 20px; border-bottom: 1px solid #d1d9e0; padding-bottom: 6px; margin: 8px 0 12px; }
h3 { font-size: 17px; margin: 20px 0 8px; }
table { border-collapse: collapse; display: block; max-width: 100%; overflow: auto; margin-bottom: 14px; }
th, td { border: 1px solid #d1d9e0; padding: 5px 11px; text-align: left; }
tr:nth-child(2n) td { background: #f6f8fa; }
code { background: #818b981f; border-radius: 6px; padding: 2px 5px; font: 85% "DejaVu Sans Mono", monospace; }
blockquote { border-left: 4px solid #9a6700; margin: 0 0 14px; padding: 0 14px; }
blockquote b { color: #9a6700; }
img { max-width: 100%; }
"""


def html_of(markdown: str) -> str:
    """Return the page of a comment, tables and warnings as GitHub has them."""
    from markdown_it import MarkdownIt

    marked = re.sub(r"^> \[!WARNING\]$", "> <b>Warning</b>\n>", markdown, flags=re.MULTILINE)
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(marked)
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><main>{body}</main>'


def browser_path() -> str:
    """Return where Chromium is.

    Raises
    ------
    SystemExit
        If it is nowhere on the path.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit(
            "No `chromium` on the path, expected one to draw with. Install it, such as by "
            "`apt-get install chromium`, or read the comment as Markdown."
        )
    return found


def draw(comment: Path, picture: Path, height: int | None = None) -> None:
    """Write the picture of a comment; of its first pixels only, if a height is given."""
    from playwright.sync_api import sync_playwright

    # Beside the comment, so that its relative pictures are found.
    page_file = comment.with_name(f".{comment.stem}.html")
    page_file.write_text(html_of(comment.read_text(encoding="utf-8")), encoding="utf-8")
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 928, "height": height or 800})
            page.goto(page_file.absolute().as_uri())
            page.screenshot(path=picture, full_page=height is None)
            browser.close()
    finally:
        page_file.unlink()


def main() -> None:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("comment", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--height", type=int, help="of its upper part only, in pixels")
    chosen = parser.parse_args()
    draw(chosen.comment, chosen.picture, chosen.height)


if __name__ == "__main__":
    main()
