"""The answer of a search in a few lines, from its summary.json alone."""

from pathlib import Path
from typing import Any

HISTORY = "history.png"


def print_search(search: dict[str, Any], path: Path) -> None:
    """Below the table of the jobs; the command is a line of its own, to be copied."""
    for line in search_lines(search):
        print(line)
    if search["best"] is not None:
        print(f"best: {search['best']['command']}")
        print(f"history: {path / HISTORY}")


def search_page(search: dict[str, Any]) -> str:
    """The same as a section of summary.md."""
    lines = [f"- {line}" for line in search_lines(search)]
    if search["best"] is None:
        return "\n".join(["## Search", "", *lines, ""])
    command = ["", "```", search["best"]["command"], "```"]
    return "\n".join(["## Search", "", *lines, *command, "", f"![figures by trial]({HISTORY})", ""])


def search_lines(search: dict[str, Any]) -> list[str]:
    """How the trials ended, by what they were chosen, and which dimensions mattered."""
    lines = [trials_line(search["trials"]), f"objective: {objective(search)}"]
    if search["best"] is not None:
        lines.append(f"trial {search['best']['trial']} is the best, at {search['best']['figure']:.4f} nats/dim")
    if search["importances"]:
        shares = ", ".join(f"{key} {share:.2f}" for key, share in search["importances"].items())
        lines.append(f"importance: {shares} (share of the variance over the space, fANOVA)")
    return lines


def trials_line(trials: dict[str, int]) -> str:
    """Such as: 20 trials: 15 complete, 4 pruned, 1 failed."""
    words = {"complete": "complete", "pruned": "pruned", "fail": "failed", "running": "cut short"}
    states = [f"{trials[state]} {word}" for state, word in words.items() if trials[state]]
    return f"{trials['total']} trial{'s' if trials['total'] != 1 else ''}: {', '.join(states) or 'none'}"


def objective(search: dict[str, Any]) -> str:
    """What was minimized, and what that leaves untouched."""
    if search["objective"].startswith("validation/"):
        return f"{search['objective']}; the test part chose nothing"
    folds = f"mean over {search['folds']} held-out folds" if search["folds"] else "of the held-out fold"
    return f"{search['objective']}, {folds}; the data's own test part was left out"
