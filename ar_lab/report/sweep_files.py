"""The files of a sweep's answer for people: summary.md and summary.png."""

from pathlib import Path
from typing import Any

from ar_lab.report.search_lines import search_page
from ar_lab.report.sweep_markdown import markdown
from ar_lab.runs import write_atomically


def write_files(summary: dict[str, Any], sweep: Path) -> None:
    """Writes both; nothing when the page that lies there says the same already, so that a re-run answers at once."""
    page, picture = sweep / "summary.md", sweep / "summary.png"
    search = summary.get("search")
    text = markdown(summary, picture.name) + ("" if search is None else f"\n{search_page(search)}")
    if picture.is_file() and page.is_file() and page.read_text(encoding="utf-8") == text:
        return
    if any(configuration["rank"] for configuration in summary["configurations"]):
        from ar_lab.report.sweep_plot import save_plot  # matplotlib is slow to import

        save_plot(summary, sweep)
    if search is not None and search["best"] is not None:
        from ar_lab.report.search_plot import save_history

        save_history(search, sweep)
    write_atomically(page, text)
