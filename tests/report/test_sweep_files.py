"""summary.md and summary.png: the same answer as on the terminal, as a page and as a picture."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ar_lab.callbacks.metrics_csv import MetricsCSV
from ar_lab.report.sweep_files import write_files
from ar_lab.report.sweep_markdown import PAIRS_SHOWN, markdown
from ar_lab.report.sweep_plot import at_middles, draw_curves, mean_curve, save_plot
from ar_lab.sweeps.records import Record
from ar_lab.sweeps.summary import summarize
from tests.sweeps.made_up import SWEEP, ended, record, two_models


def with_curves(records: list[Record]) -> list[Record]:
    for k, each in enumerate(records):
        each.path.mkdir()
        logger = MetricsCSV(each.path / "metrics.csv")
        for step in range(10, 60, 10):
            logger.log_metrics({"train/nats_per_dim": 1 + 10 / step}, step)
            logger.log_metrics({"validation/nats_per_dim": 1.1 + 10 / step}, step + k % 2)
    return records


def colors(path: Path) -> int:
    with Image.open(path) as image:
        return len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0))


def test_the_page_has_the_table_the_pairs_the_failures_and_the_small_print():
    summary = summarize(ended(two_models(), 1, "failed", "ValueError: a|b"), SWEEP)
    text = markdown(summary, "summary.png")
    best = summary["configurations"][0]
    assert "# Best of 2: `model=rnn`" in text
    assert f"| 1 | `model=rnn` | 4/5 | {best['mean']:.4f} ± {best['se']:.4f}<br>[{best['ci95'][0]:.4f}, " in text
    assert f"| `model=rnn` | `model=cnn2` | {summary['comparisons'][0]['difference']:+.4f} |" in text
    assert "| failed | `model=rnn` | fold 1, repeat 0, seed 0 | `rnn100` | ValueError: a\\|b |" in text
    assert all(f"- {summary[key]}" in text for key in ("estimand", "caveat", "overfitting_rule"))
    assert "](summary.png)" in text


def test_every_row_of_a_page_has_as_many_cells_as_its_headings():
    names = [f"m{k}" for k in range(12)]
    summary = summarize([record(n, k, 1.0 + i + k * i) for i, n in enumerate(names) for k in range(2)], SWEEP)
    text = markdown(summary, "summary.png")
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count(" | ") for line in block.splitlines()}) == 1
    assert f"{12 * 11 // 2 - PAIRS_SHOWN} more pairs are in summary.json." in text


def test_a_page_of_failures_has_no_picture():
    text = markdown(summarize([record("rnn", 0, None, status="failed")], SWEEP), "summary.png")
    assert "No held-out figure yet" in text and "summary.png" not in text


@pytest.mark.parametrize("lost", [None, 0])
def test_the_picture_shows_folds_and_curves(tmp_path: Path, lost: int | None):
    records = with_curves(two_models(tmp_path))
    path = save_plot(summarize(records if lost is None else ended(records, lost, "failed"), tmp_path), tmp_path)
    assert colors(path) > 100


@pytest.mark.parametrize("count", [1, 4, 30])
def test_any_number_of_configurations_is_drawn_also_without_curves(tmp_path: Path, count: int):
    records = [record(f"m{k}", None, 1.0 + k, tmp_path) for k in range(count)]
    assert save_plot(summarize(records, tmp_path), tmp_path).stat().st_size > 5000


def test_the_mean_curve_is_the_mean_where_all_folds_have_a_value():
    one = np.array([10.0, 20.0, 30.0]), np.array([3.0, 2.0, 1.0])
    two = np.array([15.0, 25.0]), np.array([4.0, 2.0])
    steps, values = mean_curve([one, two])
    assert steps.tolist() == [15, 20, 25]
    assert values.tolist() == [(2.5 + 4) / 2, (2 + 3) / 2, (1.5 + 2) / 2]


def test_folds_that_were_validated_once_at_different_steps_have_a_mean():
    steps, values = mean_curve([(np.array([17.0]), np.array([3.0])), (np.array([18.0]), np.array([2.0]))])
    assert steps.tolist() == [17.5] and values.tolist() == [2.5]


def test_what_training_logs_is_drawn_in_the_middle_of_its_interval():
    steps, values = at_middles((np.array([20.0, 40.0, 45.0]), np.array([3.0, 2.0, 1.0])))
    assert steps.tolist() == [10, 30, 42.5] and values.tolist() == [3, 2, 1]


def limits_of_curves(sweep: Path, train: dict[int, float], validation: dict[int, list[float]]) -> tuple[float, float]:
    """The y-limits of a panel whose folds have the same training curve; the held-out figure is about 1.2."""
    records = [r for r in two_models(sweep) if r.configuration == "rnn"]
    for k, each in enumerate(records):
        each.path.mkdir()
        logger = MetricsCSV(each.path / "metrics.csv")
        for step, value in train.items():
            logger.log_metrics({"train/nats_per_dim": value}, step)
        for step, values in validation.items():
            logger.log_metrics({"validation/nats_per_dim": values[k]}, step)
    axis = Figure().subplots()
    draw_curves([axis], summarize(records, sweep)["configurations"], sweep)
    return axis.get_ylim()


def test_the_panel_shows_training_where_it_was_validated_and_leaves_out_the_steps_before(tmp_path: Path):
    train = {20: 9.0, 40: 3.0, 60: 2.5}  # drawn at 10, 30 and 50
    low, high = limits_of_curves(tmp_path, train, {25: [1.9] * 5, 50: [1.5] * 5})
    assert 4.5 < high < 5 and low < 1.3


def test_the_panel_shows_the_validation_of_every_fold(tmp_path: Path):
    low, high = limits_of_curves(tmp_path, {20: 1.6, 40: 1.5}, {20: [1.6, 1.6, 1.6, 1.6, 4.0], 40: [1.5] * 4 + [0.5]})
    assert low < 0.5 and high > 4.0


def test_a_training_mark_before_the_first_validation_is_shown_when_it_is_the_only_one(tmp_path: Path):
    _, high = limits_of_curves(tmp_path, {20: 3.0}, {17: [1.6] * 5, 20: [1.5] * 5})
    assert high > 3.0


def test_a_page_that_says_the_same_already_is_left_alone(tmp_path: Path):
    records = with_curves(two_models(tmp_path))
    write_files(summarize(records, tmp_path), tmp_path)
    picture = (tmp_path / "summary.png").stat().st_mtime_ns
    write_files(summarize(records, tmp_path, skipped=10), tmp_path)
    assert (tmp_path / "summary.png").stat().st_mtime_ns == picture
    write_files(summarize(ended(records, 0, "failed"), tmp_path), tmp_path)
    assert (tmp_path / "summary.png").stat().st_mtime_ns != picture and "4/5" in (tmp_path / "summary.md").read_text()
