"""Choices that are right each on its own and cannot work together, found before anything is loaded."""

from collections.abc import Iterator
from typing import Any

from ar_lab.schema.cv import fold_conflicts
from ar_lab.schema.known import class_of, is_own, known
from ar_lab.schema.models import model_conflicts
from ar_lab.schema.sampling import refusals

Config = dict[str, Any]
KNOWN_SOURCES = "markov, hmm, ising, mixture or ring"


def conflicts(config: Config) -> Iterator[str]:
    """One line for every combination of a checked config that cannot work."""
    checks = (
        _task,
        _divergence,
        _scoring,
        _score,
        _compress,
        _sample,
        _likelihood,
        _sgd,
        _selection,
        _stream,
        _precision,
        _devices,
    )
    for check in (*checks, model_conflicts, fold_conflicts):
        yield from check(config)


def _task(config: Config) -> Iterator[str]:
    task = config["task"]["name"]
    alone = ("train", "list", "compare", "divergence", "decompress", "verify")  # a file may hold its model
    if task not in alone and config["run"] is None:
        what = "sweep" if task == "summarize" else "run"
        yield f"task={task}: needs run=DIR, the directory of the {what} to {task}"


def _divergence(config: Config) -> Iterator[str]:
    task, data = config["task"], config["data"]
    if task["name"] != "divergence":
        return
    if is_own(data) and not data["_target_"].startswith("ar_lab.data.known."):
        yield f"task=divergence: nobody knows the distribution of data={data['name']}; use data={KNOWN_SOURCES}"
    elif is_own(data) and task["family"] == "gaussian" and not known(data).real:
        yield f"task.family=gaussian: needs real numbers, data={data['name']} has levels; use task.family=auto"
    elif is_own(data) and task["family"] == "markov" and known(data).real:
        yield f"task.family=markov: needs levels, data={data['name']} has real numbers; use task.family=auto"


def _scoring(config: Config) -> Iterator[str]:
    task, kind = config["task"], known(config["data"]).kind
    if task.get("scoring") == "windows" and kind not in (None, "sequence"):
        yield f"task.scoring=windows: needs text, data={config['data']['name']} is not; leave it out"
    if task["name"] == "evaluate" and task["stride"] is not None and kind not in (None, "sequence"):
        yield f"task.stride={task['stride']}: needs text, data={config['data']['name']} is not; leave it out"


def _score(config: Config) -> Iterator[str]:
    task = config["task"]
    if task["name"] == "score" and task["input"] is not None and task["outliers"] is not None:
        yield "task.outliers: only the file is scored with task.input; give one of the two"


def _compress(config: Config) -> Iterator[str]:
    task, space = config["task"], known(config["data"])
    if task["name"] != "compress":
        return
    if task["weights"] == "fp16" and not task["embed_model"]:
        yield "task.weights=fp16: rounds the model in the file, and none is in it; add task.embed_model=true"
    if task["weights"] == "fp16" and task["online"]:
        yield "task.weights=fp16: with task.online=true no weights are in the file; leave it out"
    if task["precision"] is not None and space.values not in (None, "real numbers"):
        yield f"task.precision: is about rows of real numbers, data={config['data']['name']} has {space.values}"


def _sample(config: Config) -> Iterator[str]:
    task, data = config["task"], config["data"]
    if task["name"] != "sample" or not is_own(data):
        return
    space = known(data)
    yield from refusals(task, space.kind, not space.real, data.get("condition", False))


def _likelihood(config: Config) -> Iterator[str]:
    chosen, space = class_of(config["likelihood"]), known(config["data"])
    name, levels, text = config["data"]["name"], space.values, space.kind == "sequence"
    if chosen == "Bernoulli" and levels not in (None, "2 levels"):
        remedy = "use likelihood=auto" + ("" if text else ", or data.levels=2 for images")
        yield f"likelihood=bernoulli: needs 2 levels, data={name} has {levels}; {remedy}"
    if chosen == "Categorical" and levels == "real numbers":
        yield f"likelihood=categorical: needs discrete data, data={name} has real numbers; use likelihood=auto"
    if chosen == "LogisticMixture" and (levels == "real numbers" or text):
        yield f"likelihood=logistic_mixture: needs levels in an order, data={name} has {levels}; use likelihood=auto"
    if chosen in ("GaussianMixture", "StudentMixture") and levels not in (None, "real numbers"):
        mixture = chosen.removesuffix("Mixture").lower() + "_mixture"
        yield f"likelihood={mixture}: needs real numbers, data={name} has {levels}; use likelihood=auto"
    temperature = config["task"].get("temperature", 1)
    if chosen == "StudentMixture" and temperature >= 3:  # (nu + 1) / T - 1 degrees of freedom, and nu may be near 2
        yield f"task.temperature={temperature}: leaves no density of the tails of Student's t; use one below 3"


def _sgd(config: Config) -> Iterator[str]:
    optimizer = config["optimizer"]
    if optimizer.get("nesterov") and (optimizer.get("momentum") == 0 or optimizer.get("dampening", 0) > 0):
        yield "optimizer.nesterov=true: needs optimizer.momentum above 0 and no dampening; use optimizer.nesterov=false"


def _selection(config: Config) -> Iterator[str]:
    if config["data"].get("validation") != 0:
        return
    if class_of(config["scheduler"]) == "Plateau":
        yield "scheduler=plateau: needs a validation part, and data.validation=0 leaves none; use a share above 0"
    if config["learner"]["patience"] is not None:
        yield "learner.patience: needs a validation part, and data.validation=0 leaves none; use a share above 0"


def _precision(config: Config) -> Iterator[str]:
    trainer = config["trainer"]
    if config["task"]["name"] != "train" or trainer["accelerator"] != "cpu":
        return
    if str(trainer["precision"]) in ("16", "16-mixed", "16-true"):
        yield f"trainer.precision={trainer['precision']}: not on a CPU; use bf16-mixed or 32-true"


def _devices(config: Config) -> Iterator[str]:
    devices = config["trainer"]["devices"]
    if config["trainer"]["strategy"] == "auto" and devices != 1:
        yield f"trainer.devices={devices}: one run on several devices needs trainer.strategy=ddp, or trainer=ddp"


def _stream(config: Config) -> Iterator[str]:
    data, model = config["data"], config["model"]
    if not data.get("stream"):
        return
    if known(data).kind not in (None, "sequence"):
        yield f"data.stream=true: needs text, data={data['name']} is not"
    if config["learner"]["compile"]:
        yield "learner.compile=true: data.stream=true carries a state that it does not compile; use one of the two"
    if is_own(model):
        yield from _carried(model)


def _carried(model: dict[str, Any]) -> Iterator[str]:
    chosen, name = class_of(model), model["name"]
    if chosen == "Transformer" and (model["window"] is None or model["positions"] != "rotary"):
        yield f"data.stream=true: model={name} carries a state only with rotary positions and a model.window"
    elif chosen not in ("CharRNN", "NGram", "Transformer"):
        yield f"data.stream=true: model={name} carries no state from window to window; use model=charrnn"
