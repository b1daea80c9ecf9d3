"""summary.md: the answer of a sweep for a page on GitHub; the same cells as on the terminal."""

from collections.abc import Sequence
from typing import Any

from ar_lab.report.sweep_table import (
    HEADINGS,
    cells_of,
    explanations,
    interval,
    jobs_line,
    number,
    probability,
    replicate,
    two_lines,
    versus_best,
)

PAIRS_SHOWN = 45  # ten configurations; summary.json has them all


def markdown(summary: dict[str, Any], picture: str) -> str:
    """The ranked table, the pairs, the unfinished jobs and the small print; `picture` is a path beside the page."""
    sections = [f"# {title(summary)}", jobs_line(summary["jobs"] | {"skipped": 0})]
    if summary["configurations"]:
        sections.append(configurations(summary))
    if any(c["rank"] for c in summary["configurations"]):
        sections.append(f"![held-out figures and curves]({picture})")
    if pairs := [pair for pair in summary["comparisons"] if pair["difference"] is not None]:
        sections += ["## All pairs", comparisons(summary, pairs)]
    if summary["unfinished"]:
        sections += ["## Not done", unfinished(summary["unfinished"])]
    sections += ["## What the numbers say", "\n".join(f"- {line}" for line in explanations(summary))]
    return "\n\n".join(sections) + "\n"


def title(summary: dict[str, Any]) -> str:
    ranked = [c for c in summary["configurations"] if c["rank"] is not None]
    if not ranked:
        return "No held-out figure yet"
    return f"Best of {len(ranked)}: {code(ranked[0]['overrides'])}" if len(ranked) > 1 else code(ranked[0]["overrides"])


def configurations(summary: dict[str, Any]) -> str:
    rows = [
        (str(c["rank"] or "-"), code(c["overrides"]), *cells_of(c), two_lines(*versus_best(summary, c)))
        for c in summary["configurations"]
    ]
    return table(("rank", *HEADINGS), rows)


def comparisons(summary: dict[str, Any], pairs: Sequence[dict[str, Any]]) -> str:
    names = {c["rank"]: code(c["overrides"]) for c in summary["configurations"]}
    rows = [
        (
            names[pair["first"]],
            names[pair["second"]],
            number(pair["difference"], sign="+"),
            interval(pair["ci95"], sign="+") or "-",
            "-" if pair["p"] is None else probability(pair["p"]),
            "-" if pair["p_holm"] is None else probability(pair["p_holm"]),
            str(pair["folds"]),
        )
        for pair in pairs[:PAIRS_SHOWN]
    ]
    rest = len(pairs) - len(rows)
    more = f"\n\n{rest} more pairs are in summary.json." if rest else ""
    return table(("first", "second", "second - first", "95 % interval", "p", "p (Holm)", "folds"), rows) + more


def unfinished(jobs: Sequence[dict[str, Any]]) -> str:
    rows = [
        (job["status"], code(job["overrides"]), replicate(job), f"`{job['path']}`", escaped(job["error"] or ""))
        for job in jobs
    ]
    return table(("status", "configuration", "replicate", "path", "error"), rows)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the cells' own line ends become <br>."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace(chr(10), '<br>') for cell in line)} |" for line in lines)


def code(overrides: Sequence[str]) -> str:
    return f"`{' '.join(overrides)}`".replace("|", r"\|")


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    for mark in r"\`*_|<>[]":
        text = text.replace(mark, f"\\{mark}")
    return text
