"""Curves: what was logged is read back."""

from pathlib import Path

from ar_lab.callbacks.metrics_csv import MetricsCSV
from ar_lab.runs.curves import curve


def test_a_curve_is_what_the_logger_wrote(tmp_path: Path):
    logger = MetricsCSV(tmp_path / "metrics.csv")
    logger.log_metrics({"train/nats_per_dim": 2.5, "learning_rate": 0.1}, step=10)
    logger.log_metrics({"validation/nats_per_dim": 2.25}, step=12)
    logger.log_metrics({"train/nats_per_dim": 2.0}, step=20)
    assert curve(tmp_path, "train/nats_per_dim") == [(10, 2.5), (20, 2.0)]
    assert curve(tmp_path, "validation/nats_per_dim") == [(12, 2.25)]


def test_without_a_file_or_with_a_row_cut_short_there_is_what_can_be_read(tmp_path: Path):
    assert curve(tmp_path, "a") == []
    (tmp_path / "metrics.csv").write_text("step,metric,value\n1,a,0.5\n2,a")
    assert curve(tmp_path, "a") == [(1, 0.5)]
