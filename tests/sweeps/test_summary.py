"""The answer of a sweep: numpy's numbers over the folds, and the truth about the folds that are missing."""

import json
from dataclasses import replace

import numpy as np
from scipy.stats import t as student

from ar_lab.sweeps.overfitting import verdict
from ar_lab.sweeps.summary import STATES, summarize
from tests.sweeps.made_up import FOLDS, N_TEST, N_TRAIN, SWEEP, ended, figures, record, two_models


def test_the_numbers_of_a_configuration_are_those_of_numpy_over_its_folds():
    first, second = summarize(two_models(), SWEEP)["configurations"]
    for configuration, model in ((first, "rnn"), (second, "cnn2")):
        values = np.array(figures(model))
        assert (configuration["mean"], configuration["std"]) == (values.mean(), values.std(ddof=1))
        assert configuration["se"] == values.std(ddof=1) / np.sqrt(FOLDS)
        half = student.ppf(0.975, FOLDS - 1) * values.std(ddof=1) * np.sqrt(1 / FOLDS + N_TEST / N_TRAIN)
        np.testing.assert_allclose(configuration["ci95"], [values.mean() - half, values.mean() + half], rtol=1e-12)
        assert configuration["seconds"] == 10.0 and configuration["folds"] == FOLDS
        assert [f["figure"] for f in configuration["figures"]] == figures(model)


def test_configurations_are_ranked_and_named_by_what_varies():
    found = summarize(list(reversed(two_models())), SWEEP)["configurations"]
    assert [(c["rank"], c["overrides"]) for c in found] == [(1, ["model=rnn"]), (2, ["model=cnn2"])]


def test_where_nothing_varies_a_configuration_is_named_by_model_and_data():
    (only,) = summarize([record("rnn", k, 1.0 + k / 10) for k in range(3)], SWEEP)["configurations"]
    assert only["overrides"] == ["model=rnn", "data=digits"]


def test_pairs_are_compared_on_their_fold_differences():
    (pair,) = summarize(two_models(), SWEEP)["comparisons"]
    differences = np.subtract(figures("cnn2"), figures("rnn"))
    scale = differences.std(ddof=1) * np.sqrt(1 / FOLDS + N_TEST / N_TRAIN)
    np.testing.assert_allclose(pair["difference"], differences.mean(), rtol=1e-12)
    np.testing.assert_allclose(pair["p"], 2 * student.sf(abs(differences.mean()) / scale, FOLDS - 1), rtol=1e-9)
    assert (pair["first"], pair["second"], pair["folds"], pair["p_holm"]) == (1, 2, FOLDS, pair["p"])


def test_a_fold_that_is_missing_leaves_the_means_and_the_pair_to_the_others():
    summary = summarize(ended(two_models(), 7, "killed"), SWEEP, skipped=3)
    second, (pair,) = summary["configurations"][1], summary["comparisons"]
    left = [figures("cnn2")[k] for k in (0, 1, 3, 4)]
    assert (second["folds"], second["folds_expected"], second["mean"]) == (4, 5, np.mean(left))
    np.testing.assert_allclose(pair["difference"], np.mean(left) - np.mean([figures("rnn")[k] for k in (0, 1, 3, 4)]))
    assert pair["folds"] == 4
    assert summary["jobs"] == dict.fromkeys(STATES, 0) | {"total": 10, "done": 9, "killed": 1, "skipped": 3}
    assert summary["unfinished"][0] | {"status": "killed", "fold": 2, "path": "cnn2200"} == summary["unfinished"][0]
    assert any("model=cnn2 4/5" in note for note in summary["notes"])


def test_a_configuration_without_a_figure_is_last_and_has_no_rank():
    records = two_models()[:5] + [record("cnn2", k, None, status="failed") for k in range(5)]
    summary = summarize(list(reversed(records)), SWEEP)
    assert [c["rank"] for c in summary["configurations"]] == [1, None]
    assert summary["configurations"][1]["mean"] is None and summary["comparisons"] == []


def test_what_was_pruned_is_ranked_behind_what_ran_to_its_end():
    records = [record("rnn", k, 2.0 + k / 10) for k in range(2)]
    records += [record("cnn2", 0, 1.0), record("cnn2", 1, None, status="pruned")]
    assert [c["overrides"] for c in summarize(records, SWEEP)["configurations"]] == [["model=rnn"], ["model=cnn2"]]


def test_seeds_on_one_split_have_the_interval_of_student_and_a_line_that_says_so():
    values = [1.0, 1.2, 1.1]
    summary = summarize([record("rnn", None, v, seed=s) for s, v in enumerate(values)], SWEEP)
    half = student.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(summary["configurations"][0]["ci95"], [1.1 - half, 1.1 + half], rtol=1e-12)
    assert "randomness of training" in summary["estimand"] and "over training sets" not in summary["estimand"]
    assert "over training sets" in summarize(two_models(), SWEEP)["estimand"]


def test_held_out_parts_of_other_sizes_are_no_pairs():
    records = two_models()[:5] + [replace(r, n_test=99) for r in two_models()[5:]]
    (pair,) = summarize(records, SWEEP)["comparisons"]
    assert (pair["difference"], pair["p"], pair["p_holm"], pair["folds"]) == (None, None, None, 0)


def test_a_job_with_its_folds_inside_is_one_job_and_several_figures():
    records = [record("rnn", k, 1.0 + k, id="job") for k in range(3)]
    summary = summarize(records, SWEEP)
    assert (summary["jobs"]["total"], summary["jobs"]["done"]) == (1, 1)
    assert summary["configurations"][0]["folds"] == 3
    lost = summarize(ended(records, 1, "failed"), SWEEP)["jobs"]
    assert (lost["total"], lost["done"], lost["failed"]) == (1, 0, 1)


def test_jobs_of_several_commits_are_noted():
    records = [replace(r, commit=f"{k % 2}" * 40) for k, r in enumerate(two_models())]
    assert any("2 commits" in note and "0000000000" in note for note in summarize(records, SWEEP)["notes"])


def test_the_verdict_follows_its_rule():
    flat = [record("rnn", k, 1.0, validation_best=0.9, validation_last=0.9) for k in range(4)]
    turned = [replace(r, validation_last=0.9 + 0.02) for r in flat]
    assert verdict(0.1, None, turned) is None
    assert verdict(0.1, [-0.01, 0.2], turned) == "no"
    assert verdict(0.1, [0.05, 0.15], flat) == "mild"
    assert verdict(0.1, [0.05, 0.15], turned[:2] + flat[:2]) == "yes"
    assert verdict(0.1, [0.05, 0.15], turned[:1] + flat[:3]) == "mild"
    assert verdict(0.3, [0.25, 0.35], turned) == "mild"  # the turn is less than a tenth of this gap


def test_the_summary_is_plain_json():
    summary = summarize(ended(two_models(), 0, "failed", "ValueError: no"), SWEEP)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
