"""curves.png: what one training did to the training part and to the validation part, and the gap between them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ar_lab.runs.curves import curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VALIDATION, SCORED, LOSS = "validation/nats_per_dim", "train_scored/nats_per_dim", "train/nats_per_dim"
Logged = dict[str, list[tuple[int | float, float]]]  # metric -> steps and values
REASONS = {
    "no": "its 95 % interval is not above zero",
    "mild": "its 95 % interval is above zero",
    "yes": "its 95 % interval is above zero, and validation ended above its best by more than a tenth of it",
}


def overfitting_line(result: dict[str, Any]) -> str | None:
    """The verdict on a run with the rule behind it; None where there is none."""
    verdict = result.get("overfitting")
    if verdict is None:
        return None
    gap = f"{result['gap']:+.4f} ± {result['gap_se']:.4f} nats/dim"
    return f"overfitting: {verdict} (gap, test minus train: {gap}; {REASONS[verdict]})"


def save_curves(run: Path, result: dict[str, Any]) -> Path | None:
    """Draws curves.png from metrics.csv; nothing where there are no two validations to draw a line through."""
    logged = {metric: curve(run, metric) for metric in (VALIDATION, SCORED, LOSS)}
    if len(logged[VALIDATION]) < 2:
        return None
    from matplotlib.figure import Figure  # slow to import, and a short run has no use for it

    logged[LOSS] = at_middles(logged[LOSS])
    panels = 2 if logged[SCORED] else 1
    figure = Figure(figsize=(7, 2.2 + 1.9 * panels), layout="constrained")
    axes = figure.subplots(panels, 1, sharex=True, squeeze=False, height_ratios=(5, 3)[:panels])[:, 0]
    _parts(axes[0], logged, result)
    if panels == 2:
        _gap(axes[1], logged, result)
    axes[-1].set_xlabel("step")
    path = run / "curves.png"
    figure.savefig(path, dpi=100)
    return path


def _parts(axis: "Axes", logged: Logged, result: dict[str, Any]) -> None:
    """Both parts in evaluation mode, behind them the loss that was trained on."""
    styles = {
        LOSS: {"color": "0.7", "linewidth": 1, "label": "training loss, as trained"},
        SCORED: {"color": "C0", "linewidth": 2, "label": "training part"},
        VALIDATION: {"color": "C1", "linewidth": 2, "label": "validation part"},
    }
    for metric, style in styles.items():
        if logged[metric]:
            axis.plot(*zip(*logged[metric], strict=True), **style)
    _chosen(axis, result, label="weights that are kept")
    first = logged[VALIDATION][0][0]
    seen = [value for points in logged.values() for step, value in points if step >= first]
    margin = 0.05 * (max(seen) - min(seen)) or 0.01
    axis.set_ylim(min(seen) - margin, max(seen) + margin)
    axis.set_ylabel("nats per dimension")
    axis.legend(fontsize=8)
    if result.get("overfitting") is not None:
        gap, error = result["gap"], result["gap_se"]
        axis.set_title(
            f"overfitting: {result['overfitting']}   gap, test minus train: {gap:+.4f} ± {error:.4f}", fontsize=10
        )


def at_middles(loss: list[tuple[int, float]]) -> list[tuple[int | float, float]]:
    """Training logs the mean since the last entry: it belongs to the middle of that interval, not to its end."""
    before = [0, *(step for step, _ in loss)]
    return [((last + step) / 2, value) for last, (step, value) in zip(before, loss, strict=False)]


def _gap(axis: "Axes", logged: Logged, result: dict[str, Any]) -> None:
    train = dict(logged[SCORED])
    points = [(step, value - train[step]) for step, value in logged[VALIDATION] if step in train]
    steps, gaps = zip(*points, strict=True)
    axis.fill_between(steps, 0, gaps, color="C1", alpha=0.2)
    axis.plot(steps, gaps, color="C1", linewidth=1.5)
    axis.axhline(0, color="0.4", linewidth=0.8)
    _chosen(axis, result)
    axis.set_ylabel("gap: validation\nminus training part")


def _chosen(axis: "Axes", result: dict[str, Any], label: str | None = None) -> None:
    if result.get("chosen_step") is not None:
        axis.axvline(result["chosen_step"], color="C3", linestyle="--", linewidth=1.2, label=label)
