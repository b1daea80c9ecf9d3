"""`run=DIR`: the model and the data come from the run, and a run from anywhere cannot do harm."""

import json
from pathlib import Path

import pytest
import yaml

from ar_lab import runs
from ar_lab.job import show_if_finished
from ar_lab.recall import check_unchanged


@pytest.fixture
def run(composed, tmp_path) -> Path:
    """A run directory of a model other than today's default, as training leaves it but for the checkpoints' content."""
    config = composed("model=charrnn", "data=pydocs", "model.hidden=77", "task.samples=5", "logger=none")
    place = tmp_path / "kept=here" / "run"
    made = runs.create({**config, "output": str(place)}, place)
    made.checkpoint("best").touch()
    made.write_result(status="done", metrics={"test/nats_per_dim": 1.25})
    return made.path


def shown(answer) -> dict:
    assert answer.code == 0, answer.err
    return yaml.safe_load(answer.out)


def test_model_and_data_come_from_the_run_and_not_from_todays_defaults(command, run):
    config = shown(command("--cfg", "job", "task=evaluate", f"run={run}", "task.stride=3"))
    assert config["model"]["hidden"] == 77
    assert config["data"]["name"] == "pydocs"
    assert (config["task"]["name"], config["task"]["stride"]) == ("evaluate", 3)
    assert config["run"] == str(run)


@pytest.mark.parametrize("task", ["compare", "divergence"])
def test_a_task_that_takes_no_run_says_so_in_one_line(command, run, task):
    answer = command(f"task={task}", f"run={run}")
    assert answer.code == 2
    assert f"task={task}" in answer.err and "leave run= out" in answer.err and len(answer.err.splitlines()) == 1


def test_going_on_keeps_what_the_run_was_asked_for(command, run):
    for line in (["task=train"], []):
        config = shown(command("--cfg", "job", f"run={run}", *line))
        assert config["task"]["samples"] == 5
        assert config["logger"] == {"_target_": "none"}


def test_a_checkpoint_stands_for_its_run(command, run):
    checkpoint = run / "checkpoints" / "best.ckpt"
    config = shown(command("--cfg", "job", f"run={checkpoint}"))
    assert config["run"] == str(checkpoint) and config["model"]["hidden"] == 77
    assert runs.find(checkpoint).checkpoint() == checkpoint


def test_a_run_is_found_from_its_relative_path(command, run, monkeypatch):
    monkeypatch.chdir(run.parent)
    assert shown(command("--cfg", "job", "run=run"))["run"] == str(run)


def test_the_logger_and_the_trainer_may_be_chosen_anew(command, run):
    config = shown(command("--cfg", "job", f"run={run}", "logger=wandb", "trainer=default", "trainer.max_steps=9"))
    assert config["logger"]["project"] == "ar_lab"
    assert config["trainer"]["max_steps"] == 9


@pytest.mark.parametrize(
    "line", ["model=pixelcnn", "data=digits", "likelihood=auto", "optimizer=sgd", "scheduler=cosine"]
)
def test_what_the_weights_depend_on_is_not_chosen_anew(command, run, line):
    answer = command(f"run={run}", line)
    assert answer.code == 2
    assert answer.err.startswith(f"ar_lab: {line}: the {line.partition('=')[0]} comes from the run;")


def test_another_config_name_does_not_take_the_place_of_the_run(command, run):
    for line in (["--config-name=config"], ["-cn", "config"]):
        answer = command(f"run={run}", *line)
        assert answer.code == 2 and "the config comes from run=" in answer.err


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (["model.hidden=78"], "model.hidden=78: the run has 77"),
        (["data.context=64"], "data.context=64: the run has 128"),
        (["optimizer.lr=1"], "optimizer.lr=1.0: the run has 0.003"),
        (["seed=1"], "seed=1: the run has 0"),
        (["model.hiden=78"], "model.hiden: no such key; did you mean model.hidden?"),
        (["output=elsewhere"], "train writes into run="),
        (["task=evaluate", "model.hidden=78"], "model.hidden=78: the run has 77"),
    ],
)
def test_a_value_that_the_checkpoint_depends_on_cannot_change(command, run, line, complaint):
    answer = command(f"run={run}", *line)
    assert answer.code == 2 and complaint in answer.err and answer.err.count("\n") == 1


def test_a_run_is_not_asked_for_fewer_steps_than_it_has(command, run):
    runs.find(run).write_result(steps=5)
    before = (run / "config.yaml").read_bytes()
    answer = command(f"run={run}", "trainer.max_steps=4")
    assert answer.code == 2
    assert answer.err == "ar_lab: trainer.max_steps=4: the run has 5 steps already; give more\n"
    assert (run / "config.yaml").read_bytes() == before


def test_more_steps_and_other_tasks_are_not_held_against_the_steps_there_are(run):
    made = runs.find(run)
    made.write_result(steps=5)
    config = {**made.config, "run": str(run), "output": None}
    for task, steps in (("train", -1), ("train", 5), ("train", 6), ("evaluate", 4)):
        trainer, chosen = {**config["trainer"], "max_steps": steps}, {**config["task"], "name": task}
        check_unchanged({**config, "trainer": trainer, "task": chosen})


def test_16_bit_training_may_be_evaluated_on_a_cpu(composed, run):
    line = ["trainer.precision=16-mixed", "trainer.accelerator=cpu", "task=evaluate", f"run='{run}'"]
    assert composed(*line)["task"]["name"] == "evaluate"


def test_a_finished_run_answers_with_its_table_and_last_its_path(command, run):
    answer = command("task=train", f"run={run}")
    assert answer.code == 0
    assert "1.25" in answer.out
    assert answer.out.splitlines()[-1] == str(run)


def test_a_finished_run_answers_wherever_its_data_and_its_logs_are(command, run):
    assert command(f"run={run}", "logger=csv").out.splitlines()[-1] == str(run)


def test_a_line_repeated_with_the_same_output_answers_from_the_finished_run(command, composed, tmp_path):
    made = runs.create(composed("seed=3"), tmp_path / "mine")
    made.write_result(status="done", metrics={"test/nats_per_dim": 0.75})
    answer = command("seed=3", "output=mine")
    assert answer.code == 0 and answer.out.splitlines()[-1] == str(made.path)


def test_a_finished_run_that_is_to_go_on_for_longer_is_not_finished(run, capsys):
    config = {**runs.find(run).config, "run": str(run)}
    assert show_if_finished(config)
    runs.find(run).checkpoint("last").touch()
    config["trainer"]["max_steps"] = 9
    assert not show_if_finished(config)


def test_a_run_that_is_not_done_says_nothing_of_being_finished(composed, run):
    made = runs.find(run)
    made.write_result(status="interrupted")
    assert made.standing(made.config) == "resume"


POISON = [
    "builtins.open",
    "builtins.getattr",
    "builtins.eval",
    "os.system",
    "os.path.join",
    "torch.load",
    "torch.hub.load",
    "pathlib.Path.touch",
    "ar_lab.models.charrnn.torch.hub.load",
    "ar_lab.models.charrnn.torch",
    "ar_lab.models.network.torch.load",
    "ar_lab.data.parts.field",
    "ar_lab.runs.make_unique",
    "pytorch_lightning.loggers.CSVLogger",
    "hydra.utils.instantiate",
    "",
]


PLACES = ["data", "likelihood", "trainer", "nested", "listed", "top"]


@pytest.mark.parametrize(
    ("target", "place"),
    [(target, place) for target in POISON for place in ("model", "logger")] + [(POISON[0], place) for place in PLACES],
)
def test_a_poisoned_run_is_refused_before_anything_is_called(command, run, target, place):
    config = yaml.safe_load((run / "config.yaml").read_text())
    marker = run / "marker"
    node = {"_target_": target, "file": str(marker), "mode": "w", "_args_": [str(marker), "w"]}
    if place in config:
        config[place] = {**config[place], **node}
    elif place == "nested":
        config["model"]["cell"] = node
    elif place == "listed":
        config["optimizer"]["betas"] = [node]
    else:
        config |= node
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    for task in ("train", "evaluate", "sample"):
        answer = command(f"task={task}", f"run={run}")
        assert answer.code == 2 and "_target_" in answer.err and answer.err.count("\n") == 1
        assert not marker.exists()


@pytest.mark.parametrize(
    ("poison", "complaint"),
    [
        ({"seed": "${oc.env:HOME}"}, "is an interpolation"),
        ({"hydra": {"callbacks": {"x": {"_target_": "builtins.open"}}}}, "_target_"),
        ({"hydra": {"searchpath": ["pkg://x"]}}, "hydra has no place in the config of a run"),
        ({"defaults": [{"override hydra/launcher": "x"}]}, "defaults has no place in the config of a run"),
        ({"mode": {"name": "x"}}, "mode: no such key; did you mean model?"),
        ({"model": None}, "model: missing"),
        ({"model": {"name": "x"}}, "model._target_=None: must be one of"),
        ({"task": "train"}, "task: missing"),
    ],
)
def test_a_run_whose_config_was_tampered_with_is_refused(command, run, poison, complaint):
    config = yaml.safe_load((run / "config.yaml").read_text())
    (run / "config.yaml").write_text(yaml.safe_dump(config | poison))
    answer = command(f"run={run}")
    assert answer.code == 2 and complaint in answer.err and answer.err.count("\n") == 1


def test_a_run_of_an_earlier_version_is_refused_in_one_line_that_says_so(command, run):
    config = yaml.safe_load((run / "config.yaml").read_text())
    for key in ("ngrams", "buckets"):
        del config["model"][key]
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    for line in (["task=evaluate"], ["task=sample"], []):
        answer = command(f"run={run}", *line)
        assert answer.code == 2 and answer.err.count("\n") == 1
        assert f"run={run}: lacks model.ngrams, model.buckets, as a run of an earlier ar_lab does" in answer.err


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "!!python/object/apply:os.system ['true']", "\x00"])
def test_a_config_that_is_no_config_is_refused(command, run, text):
    (run / "config.yaml").write_text(text)
    answer = command(f"run={run}")
    assert answer.code == 2 and "config.yaml" in answer.err and answer.err.count("\n") == 1


def test_a_damaged_result_is_said_in_one_line(command, run):
    (run / "result.json").write_text(json.dumps({"status": "done"})[:-3])
    answer = command(f"run={run}")
    assert answer.code == 1 and "result.json: cannot be read" in answer.err and answer.err.count("\n") == 1
