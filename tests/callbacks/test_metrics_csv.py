"""metrics.csv: every value by step, appended."""

from ar_lab.callbacks.metrics_csv import MetricsCSV


def test_values_are_appended_across_two_lives_of_a_run(tmp_path):
    path = tmp_path / "metrics.csv"
    MetricsCSV(path).log_metrics({"train/nats_per_dim": 1.5, "epoch": 0}, step=1)
    MetricsCSV(path).log_metrics({"validation/nats_per_dim": 1 / 3}, step=2)
    assert path.read_text() == "step,metric,value\n1,train/nats_per_dim,1.5\n2,validation/nats_per_dim,0.3333333333\n"
