"""The answer of a sweep: numpy's numbers over the folds, and the truth about the folds that are missing."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from ar_lab.sweeps.overfitting import rise_of, verdict
from ar_lab.sweeps.records import Record
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


def test_seeds_of_a_fold_are_averaged_before_mean_spread_and_interval():
    of_seed = np.random.default_rng(3).normal(1.2, 0.1, size=(3, 5))
    records = [record("rnn", fold, of_seed[fold, seed], seed=seed) for fold in range(3) for seed in range(5)]
    (found,) = summarize(records, SWEEP)["configurations"]
    means = of_seed.mean(1)
    assert (found["folds"], found["folds_expected"], len(found["figures"])) == (3, 3, 15)
    assert found["se"] == means.std(ddof=1) / np.sqrt(3)
    np.testing.assert_allclose((found["mean"], found["std"]), (means.mean(), means.std(ddof=1)), rtol=1e-12)
    assert found["gap_ci95"] is not None and sum(found["ci95"]) / 2 == found["mean"]


def test_a_fold_that_lost_seeds_counts_as_much_as_the_others_and_is_noted():
    def of(model: str, shift: float) -> list[Record]:
        return [record(model, fold, shift + fold, seed=seed) for fold in range(3) for seed in range(4)]

    lost = of("cnn2", 1.5)
    for index in (0, 1, 2):
        lost = ended(lost, index, "failed")
    summary = summarize([*of("rnn", 1.0), *lost], SWEEP)
    first, second = summary["configurations"]
    assert (first["mean"], second["mean"], second["folds"]) == (2.0, 2.5, 3)
    assert summary["comparisons"][0]["difference"] == 0.5 and summary["comparisons"][0]["folds"] == 3
    assert [note for note in summary["notes"] if "model=cnn2 9/12" in note and "seeds" in note]


def test_ranks_follow_the_means_that_are_shown():
    uneven = [record("cnn2", 0, 1.0, seed=seed) for seed in range(8)] + [record("cnn2", 1, 2.0)]  # 1.5; in all 1.11
    even = [record("rnn", fold, 1.4) for fold in range(2)]
    found = summarize(uneven + even, SWEEP)["configurations"]
    assert [(c["overrides"], c["mean"]) for c in found] == [(["model=rnn"], 1.4), (["model=cnn2"], 1.5)]


def test_figures_of_other_held_out_parts_are_no_pairs():
    for other in (None, "of another draw"):
        records = two_models()[:5] + [replace(r, held_out=other and f"{r.held_out} {other}") for r in two_models()[5:]]
        summary = summarize(records, SWEEP)
        (pair,) = summary["comparisons"]
        assert (pair["difference"], pair["p"], pair["p_holm"], pair["folds"]) == (None, None, None, 0)
        assert any("1 of 1 pairs" in note for note in summary["notes"])


def test_pairs_do_not_ask_how_much_was_trained_on_and_their_interval_is_that_of_the_lesser():
    records = [replace(r, n_train=r.n_train // 2) if r.configuration == "cnn2" else r for r in two_models()]
    for shown in (records, list(reversed(records))):
        (pair,) = summarize(shown, SWEEP)["comparisons"]
        differences = np.subtract(figures("cnn2"), figures("rnn"))
        half = student.ppf(0.975, FOLDS - 1) * differences.std(ddof=1) * np.sqrt(1 / FOLDS + N_TEST / (N_TRAIN // 2))
        np.testing.assert_allclose(np.diff(pair["ci95"]), 2 * half, rtol=1e-9)
        assert pair["folds"] == FOLDS


def test_a_fold_that_two_jobs_have_counts_once():
    inside = [record("rnn", fold, 1.0 + fold, id="job of all folds") for fold in range(3)]
    alone = [record("rnn", 1, 2.0), record("rnn", 1, 5.0, seed=1)]
    (found,) = summarize([*alone, *inside], SWEEP)["configurations"]
    assert (found["folds"], len(found["figures"]), found["mean"]) == (3, 4, (1.0 + 3.5 + 3.0) / 3)
    (found,) = summarize([*ended(alone, 0, "killed"), *inside], SWEEP)["configurations"]
    assert (found["folds"], found["mean"]) == (3, 2.5)


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
    assert verdict(0.1, None, [0.02] * 4) is None
    assert verdict(0.1, [-0.01, 0.2], [0.02] * 4) == "no"
    assert verdict(0.1, [0.05, 0.15], [0.0] * 4) == "mild"
    assert verdict(0.1, [0.05, 0.15], [0.02, 0.02, 0.0, 0.0]) == "yes"
    assert verdict(0.1, [0.05, 0.15], [0.02, 0.0, 0.0, 0.0]) == "mild"
    assert verdict(0.3, [0.25, 0.35], [0.02] * 4) == "mild"  # the turn is less than a tenth of this gap


@pytest.mark.parametrize(("turned", "found"), [((0, 1), "yes"), ((0,), "mild")])
def test_the_verdict_asks_folds_and_not_their_seeds(turned: tuple[int, ...], found: str):
    records = [
        record("rnn", fold, 1.0, seed=seed, validation_best=0.9, validation_last=0.92 if fold in turned else 0.9)
        for fold in range(4)
        for seed in range(1 if fold in turned and len(turned) == 2 else 5)
    ]
    assert summarize(records, SWEEP)["configurations"][0]["overfitting"] == found


def test_where_nothing_was_validated_no_curve_turned():
    assert rise_of(record("rnn", 0, 1.0)) == 0.0
    assert rise_of(record("rnn", 0, 1.0, validation_best=0.5, validation_last=0.75)) == 0.25


def test_places_do_not_tell_configurations_apart():
    places = ("sweep.n_trials=2", "output=a", "launcher.n_jobs=1", "data.root=x", "logger=csv")
    records = [replace(r, overrides=(*r.overrides, *places[:k])) for k, r in enumerate(two_models())]
    assert [c["overrides"] for c in summarize(records, SWEEP)["configurations"]] == [["model=rnn"], ["model=cnn2"]]


def test_the_summary_is_plain_json():
    summary = summarize(ended(two_models(), 0, "failed", "ValueError: no"), SWEEP)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
