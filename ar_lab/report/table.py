"""The table of a run's figures on standard output; its last line is the path of what was written. No torch."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ar_lab.report.known import known_lines
from ar_lab.report.learning_curves import overfitting_line
from ar_lab.report.protocol import protocol_lines

PARTS = {  # what stands before the metrics' names: the heading of its row; any other comes after these
    "train": "train",
    "validation": "validation",
    "test": "test",
    "windows": "test (windows)",
    "dynamic": "test (dynamic)",
    "baseline": "baseline",
    "ngram": "ngram",
}
COLUMNS = {  # heading: the metric's name behind the part
    "nats/dim": "nats_per_dim",
    "bits/dim": "bits_per_dim",
    "bits/char": "bits_per_char",
    "bits/byte": "bits_per_byte",
    "perplexity": "perplexity",
    "nats/example": "nats_per_example",
    "examples": "examples",
    "characters": "characters",
    "bytes": "bytes",
}


def print_result(result: dict[str, Any], path: Path) -> None:
    """The figures of every scored part with their standard errors, the run's facts, and the path."""
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    metrics = result.get("metrics", {})
    if metrics:
        console.print(figures_table(metrics))
    for line in facts(result, path):
        console.print(line, soft_wrap=True, markup=False)
    print(path)


def figures_table(metrics: dict[str, Any]) -> Table:
    """One row a part, one column a unit that the run has."""
    scored = [name.removesuffix("/nats_per_dim") for name in metrics if name.endswith("/nats_per_dim")]
    rows = [*(part for part in PARTS if part in scored), *(part for part in scored if part not in PARTS)]
    headings = [h for h, name in COLUMNS.items() if any(f"{part}/{name}" in metrics for part in rows)]
    table = Table("part", title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    for part in rows:
        style = "bold" if part == "test" else None
        cells = (_cell(metrics, f"{part}/{COLUMNS[h]}") for h in headings)
        table.add_row(PARTS.get(part, part), *cells, style=style)
    return table


def _cell(metrics: dict[str, Any], name: str) -> str:
    value, error = metrics.get(name), metrics.get(f"{name}_se")
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    digits = 4 if abs(value) < 100 else 2
    return f"{value:.{digits}f}" if error is None else f"{value:.{digits}f} ± {error:.{digits}f}"


def facts(result: dict[str, Any], path: Path) -> list[str]:
    """What a reader of the figures needs beside them, a line each."""
    lines = ["± is one standard error; baseline: every dimension on its own, scored on the test part."]
    if "ngram/nats_per_dim" in result.get("metrics", {}):
        lines.append(
            "ngram: model=ngram with its default values, fitted on the training part, scored on the test part."
        )
    lines += known_lines(result.get("metrics", {}))
    if "protocol" in result:
        lines += protocol_lines(result["protocol"], result["metrics"])
    lines += calibration_lines(result.get("metrics", {}))
    if "likelihood" in result:
        lines.append(f"likelihood: {result['likelihood']}   parameters: {result['parameters']:,}")
    if "seconds" in result:
        lines.append(f"time: {result['seconds']:.0f} s, of which training {result.get('training_seconds', 0):.0f} s")
    lines += [] if (line := overfitting_line(result)) is None else [line]
    lines += [f"note: {note}" for note in result.get("notes", [])]
    if "metrics" in result:
        where = result.get("run", path)
        lines.append(result.get("certificate", {}).get("verdict", f"not certified: task=certify run={where} proves it"))
    if result.get("status") not in (None, "done"):
        lines.append(f"status: {result['status']}")
    if (path / "curves.png").is_file():
        lines.append(f"curves: {path / 'curves.png'}")
    if result.get("samples"):
        lines.append(f"samples: {path / result['samples']}")
    return lines


def calibration_lines(metrics: dict[str, Any]) -> list[str]:
    """How calibrated the conditionals are, where task=evaluate asked them."""
    found = {name.partition("/")[2]: value for name, value in metrics.items() if name.startswith("calibration/")}
    if "ece" in found:
        words = "calibration: of {predictions:,} predictions {accuracy:.4f} are right, with a mean confidence of "
        return [(words + "{confidence:.4f}; expected calibration error {ece:.4f}").format(**found)]
    if "ks" in found:
        words = "calibration: {predictions:,} transforms are {ks:.4f} from uniform (Kolmogorov-Smirnov; "
        return [(words + "below {ks_by_chance:.4f} in 19 of 20 cases where a model is right)").format(**found)]
    return []
