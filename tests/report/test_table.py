"""The table of a run: figures with their errors, and the path last."""

from pathlib import Path

import pytest

from ar_lab.report.protocol import protocol_lines
from ar_lab.report.table import facts, print_result


def test_the_path_is_the_last_line_and_every_part_has_a_row(capsys):
    metrics = {
        "test/nats_per_dim": 1.25,
        "test/nats_per_dim_se": 0.01,
        "test/bits_per_dim": 1.8,
        "test/examples": 1234,
        "baseline/nats_per_dim": 123.456789,
    }
    result = {"metrics": metrics, "likelihood": "categorical", "parameters": 10**6, "notes": ["a note"]}
    print_result(result, Path("outputs/x"))
    lines = capsys.readouterr().out.splitlines()
    test = next(line for line in lines if "test" in line)
    assert "1.2500 ± 0.0100" in test and "1,234" in test
    assert any("123.46" in line for line in lines)
    assert "note: a note" in lines
    assert lines[-1] == "outputs/x"


def test_a_result_without_figures_still_says_what_became_of_it(capsys):
    print_result({"status": "interrupted"}, Path("outputs/x"))
    assert capsys.readouterr().out.splitlines()[-2:] == ["status: interrupted", "outputs/x"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            {"predictions": 23040, "accuracy": 0.5863, "confidence": 0.5872, "ece": 0.007},
            "expected calibration error 0.0070",
        ),
        ({"predictions": 300, "ks": 0.0334, "ks_by_chance": 0.0232}, "0.0334 from uniform"),
    ],
)
def test_calibration_is_a_line_of_its_own(found, words, tmp_path):
    metrics = {f"calibration/{name}": value for name, value in found.items()}
    assert any(line.startswith("calibration: ") and words in line for line in facts({"metrics": metrics}, tmp_path))


def test_an_exact_figure_has_no_interval_and_what_was_drawn_is_called_sample():
    split = {"train": 4, "validation": 1, "test": 5, "hash": None, "test_hash": None}
    protocol = {
        "data": "ising", "fold": None, "split": split, "data_checksum": None, "scoring": "examples",
        "codec": {"kind": "image", "shape": [1, 2, 1], "levels": 2, "raw_levels": 2},
        "examples": {"test": {"whole": True}}, "checkpoint": "best.ckpt", "batch_size": 1, "dtype": "float32",
        "device": "cpu", "seed": 0,
    }  # fmt: skip
    metrics = {"test/nats_per_dim_ci95": [0.5, 0.5], "test/nats_total": 7.0, "test/code_bytes": 2}
    known = {"test/enumerated": 4, "sample/nats_per_dim_ci95": [0.4, 0.6]}
    assert "test: 95 % interval 0.5000 to 0.5000" in "\n".join(protocol_lines(protocol, metrics))
    lines = "\n".join(protocol_lines(protocol, metrics | known))
    assert "sample: 95 % interval 0.4000 to 0.6000" in lines and "sample: 7.0 nats" in lines
    assert "test: " not in lines
