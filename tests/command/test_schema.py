"""What the typed check lets through: every config that ships, and values without a bound however large."""

import inspect
from pathlib import Path

import pytest
import pytorch_lightning

from ar_lab.__main__ import config_directory
from ar_lab.errors import ConfigError
from ar_lab.schema.check import check
from ar_lab.schema.trainer import SET_BY_TASK, TRAINER_ARGUMENTS

CHOICES = [
    f"{group}={file.stem}"
    for group in ("data", "model", "optimizer", "scheduler", "logger", "trainer")
    for file in sorted((config_directory() / group).glob("*.yaml"))
]
NEEDS = {"data=text": ["data.path=a.txt"], "data=image_files": ["data.path=images"]}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_config_that_ships_is_right(composed, choice):
    assert composed(choice, *NEEDS.get(choice, []))


@pytest.mark.parametrize(
    "line",
    [
        "optimizer.lr=1e9",
        "model.layers=1000000",
        "trainer.max_steps=3",
        "data.validation=0.5 data.test=0.5",
        "trainer.max_epochs=-1",
        "trainer.max_epochs=null",
        "trainer.precision=16-mixed",
        "trainer.precision=bf16-mixed trainer.accelerator=cpu",
        "+trainer.limit_train_batches=null +trainer.limit_val_batches=0.5",
        "+trainer.overfit_batches=0",
        "trainer.max_time=00:00:00:30",
        "trainer.val_check_interval=0.5",
        "trainer.precision=bf16-mixed",
        "+trainer.limit_train_batches=3",
        "+trainer.benchmark=true",
        "+optimizer.eps=1e-9",
        "data.levels=2 likelihood=bernoulli",
        "data=mnist_binary likelihood=bernoulli",
        "data=table likelihood=gaussian_mixture",
        "data=table likelihood=student_mixture likelihood.components=3",
        "data=mnist likelihood=logistic_mixture",
        "data=cifar10 model=pixelcnn_pp model.resolutions=2",
        "data=cifar10 data.condition=true model=pixelsnail model.attention=8",
        "data=shakespeare data.validation=0",
        "data=pydocs model=charrnn data.stream=true",
        "data=text data.path=[a.txt,b.txt]",
        "data=cifar10 model=logistic",
        "data=mnist model=logistic model.rank=256",
        "data=pydocs data.codec=bytes model=logistic",
        "data=mnist_binary model=made model.hidden=[100,50] model.masks=4 model.ordering=random",
        "+logger.tags=[a,b]",
        "learner.ema=0.999 learner.patience=3",
    ],
)
def test_what_works_is_let_through(composed, line):
    assert composed(*line.split())


def test_an_integer_where_a_number_is_due_becomes_one(composed):
    rate = composed("optimizer.lr=1")["optimizer"]["lr"]
    assert type(rate) is float and rate == 1.0


def test_paths_are_made_absolute_so_that_a_run_can_be_read_from_elsewhere(composed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = composed("data=shakespeare", "data.path=a.txt", "data.cache='~/x'")["data"]
    assert data["path"] == str(tmp_path / "a.txt")
    assert data["cache"] == str(Path.home() / "x")


def test_the_check_adds_no_key_and_keeps_their_order(composed):
    config = composed()
    assert check(config) == config
    assert list(check(config)["optimizer"]) == list(config["optimizer"])


def test_the_trainer_is_asked_for_arguments_that_it_has():
    assert set(inspect.signature(pytorch_lightning.Trainer).parameters) == TRAINER_ARGUMENTS
    assert SET_BY_TASK < TRAINER_ARGUMENTS


def test_an_own_model_is_checked_by_its_own_constructor(composed, monkeypatch):
    config = composed()
    config["model"] = {"_target_": "mine.models.Net", "name": "net", "whatever": {"it": "takes"}}
    with pytest.raises(ConfigError, match="not a model of ar_lab"):
        check(config)
    monkeypatch.setenv("AR_LAB_TRUST", "mine")
    assert check(config)["model"] == config["model"]
    config["model"]["name"] = "../net"
    with pytest.raises(ConfigError, match=r"model.name=\.\./net"):
        check(config)


def test_an_own_model_runs_with_every_combination_check(composed, monkeypatch):
    monkeypatch.setenv("AR_LAB_TRUST", "mine")
    config = composed()
    config["model"] = {"_target_": "mine.Transformer", "name": "net", "heads": 3}
    config["data"] = {"_target_": "mine.Text", "name": "t", "batch_size": 1, "epochs": 1, "stream": True, "fraction": 1}
    config["likelihood"] = {"_target_": "ar_lab.likelihoods.bernoulli.Bernoulli"}
    assert check(config)["data"]["fraction"] == 1.0
