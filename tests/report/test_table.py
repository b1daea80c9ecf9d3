"""The table of a run: figures with their errors, and the path last."""

from pathlib import Path

import pytest

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
