"""The table of a sweep: every configuration with its folds, and what became of the jobs that have no figure."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ar_lab.report.sweep_table import (
    difference,
    in_lines,
    interval,
    mean_and_error,
    number,
    print_summary,
    print_table,
    probability,
)
from ar_lab.sweeps.summary import summarize
from tests.sweeps.made_up import SWEEP, ended, figures, record, two_models


@pytest.fixture
def printed(capsys):
    def lines(summary) -> list[str]:
        print_summary(summary, SWEEP)
        return capsys.readouterr().out.splitlines()

    return lines


def test_a_row_holds_rank_folds_figure_interval_and_the_comparison(printed):
    summary = summarize(two_models(), SWEEP)
    best = summary["configurations"][0]
    lines = printed(summary)
    row = next(k for k, line in enumerate(lines) if "model=rnn" in line)
    assert "│ 1 │" in lines[row] and "5/5" in lines[row] and "best" in lines[row] and "+0.0200" in lines[row]
    assert f"{best['mean']:.4f} ± {best['se']:.4f}" in lines[row]
    assert f"[{best['ci95'][0]:.4f}, {best['ci95'][1]:.4f}]" in lines[row + 1]
    (pair,) = summary["comparisons"]
    other = next(k for k, line in enumerate(lines) if "model=cnn2" in line)
    assert f"{pair['difference']:+.4f}, {probability(pair['p_holm'])}" in lines[other]
    assert f"[{pair['ci95'][0]:+.4f}, {pair['ci95'][1]:+.4f}]" in lines[other + 1]


def test_a_failed_job_is_shown_with_its_error_and_the_mean_says_how_many_folds_it_has(printed):
    records = ended(ended(two_models(), 1, "failed", "ValueError: [too] hot"), 7, "killed")
    lines = printed(summarize(records, SWEEP, skipped=2))
    assert "10 jobs: 8 done (2 of them before), 1 failed, 1 killed" in lines
    assert f"failed: model=rnn fold 1, repeat 0, seed 0  {SWEEP}/rnn100  ValueError: [too] hot" in lines
    assert any(line.startswith(f"killed: model=cnn2 fold 2, repeat 0, seed 0  {SWEEP}/cnn2200") for line in lines)
    assert sum("4/5" in line and "│" in line for line in lines) == 2


def test_estimand_caveat_and_rule_are_printed_and_fit_the_width(printed):
    lines = printed(summarize(two_models(), SWEEP))
    assert max(map(len, lines)) <= 120
    text = " ".join(" ".join(lines).split())
    for words in (
        "over training sets of this size (n = 1,150)",
        "Bengio and Grandvalet, 2004",
        "overfitting: no, when",
    ):
        assert words in text


def test_a_single_job_is_a_table_without_errors_or_verdict(printed):
    lines = printed(summarize([record("rnn", None, 123.456)], SWEEP))
    row = next(line for line in lines if "model=rnn" in line)
    assert "123.46" in row and "±" not in row and "1/1" in row


def test_a_sweep_of_failures_prints_them(printed):
    lines = printed(summarize([record("rnn", 0, None, status="failed", error="ValueError: no")], SWEEP))
    assert "1 job: 1 failed" in lines and any("0/1" in line for line in lines)


def test_thirty_configurations_are_thirty_rows_within_the_width(printed):
    names = [f"a_rather_long_name_for_a_model_that_must_be_wrapped_{k}" for k in range(30)]
    lines = printed(summarize([record(n, k, 1.0 + i + k) for i, n in enumerate(names) for k in range(2)], SWEEP))
    assert sum("2/2" in line for line in lines) == 30 and max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (120, []),
        (100, ["seconds"]),
        (80, ["gap", "overfitting", "seconds"]),
        (60, ["gap", "overfitting", "seconds", "versus best"]),
        (45, ["folds", "gap", "overfitting", "seconds", "versus best"]),
    ],
)
def test_a_narrow_terminal_loses_columns_rather_than_breaks_a_number(width: int, left_out: list[str]):
    records = [
        record(m, k, f, overrides=(f"model={m}", f"optimizer.learning_rate={rate}", "data=digits"), configuration=rate)
        for m, rate in (("rnn", "0.00125"), ("cnn2", "0.0025"))
        for k, f in enumerate(figures(m))
    ]
    summary = summarize(records, SWEEP)
    console = Console(file=io.StringIO(), width=width)
    print_table(summary, console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width and "…" not in text
    (pair,) = summary["comparisons"]
    wanted = ["=0.00125", "=0.0025"] if width == 120 else ["0.00125", "0.0025"]
    for c in summary["configurations"]:
        wanted += [mean_and_error(c), interval(c["ci95"])]
        wanted += [] if "gap" in left_out else [number(c["gap"], sign="+")]
    if "versus best" not in left_out:
        wanted += [difference(pair), interval(pair["ci95"], sign="+")]
    assert [cell for cell in wanted if cell not in text] == []
    said = " ".join(text.rpartition("left out, for a wider terminal: ")[2].split())
    assert (said.split(", ") if "left out" in text else []) == left_out


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (40, "model=rnn optimizer.learning_rate=0.01"),
        (30, "model=rnn\noptimizer.learning_rate=0.01"),
        (18, "model=rnn\noptimizer.\nlearning_rate=0.01"),
        (14, "model=rnn\noptimizer.\nlearning_rate=\n0.01"),
    ],
)
def test_a_long_override_is_broken_where_its_key_has_a_joint(room: int, shown: str):
    assert in_lines(["model=rnn", "optimizer.learning_rate=0.01"], room) == shown


@pytest.mark.parametrize(("value", "shown"), [(None, "-"), (1.0, "1.0000"), (-123.456, "-123.46")])
def test_numbers_have_four_decimals_or_two_when_they_are_large(value, shown):
    assert number(value) == shown


def test_printing_a_summary_imports_nothing_heavy():
    code = "import sys, ar_lab.report.sweep_table; print({'numpy', 'torch', 'matplotlib', 'scipy'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert answer.stdout.strip() == "set()"
