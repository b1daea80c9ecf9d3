"""What a model asks of the data, of the likelihood and of its own sizes."""

from collections.abc import Iterator
from typing import Any

from ar_lab.schema.known import Known, class_of, is_own, known

Config = dict[str, Any]
DISCRETE_ONLY = ("NGram", "Logistic", "MADE", "NADE")
IMAGES_ONLY = ("PixelCNNPP", "PixelSNAIL")


def model_conflicts(config: Config) -> Iterator[str]:
    """One line for everything that the model of a checked config cannot work with."""
    if not is_own(config["model"]):
        return
    for check in (_data, _ngram, _prior, _hashed, _logistic, _transformer, _tied, _pixelcnn):
        yield from check(config)


def _data(config: Config) -> Iterator[str]:
    chosen, space = class_of(config["model"]), known(config["data"])
    what = f"data={config['data']['name']} has {'text' if space.kind == 'sequence' else space.values}"
    name = config["model"]["name"]
    if chosen in DISCRETE_ONLY and space.real:
        yield f"model={name}: needs discrete data, {what}; use model=charrnn, transformer or pixelcnn"
    if chosen in IMAGES_ONLY and space.kind not in (None, "image"):
        yield f"model={name}: needs images, {what}; use model=charrnn, transformer or pixelcnn"


def _ngram(config: Config) -> Iterator[str]:
    if class_of(config["model"]) != "NGram":
        return
    if class_of(config["likelihood"]) not in ("auto", "Bernoulli", "Categorical"):
        yield "model=ngram: gives the probabilities of the levels themselves; use likelihood=auto"


def _prior(config: Config) -> Iterator[str]:
    if config["model"].get("prior") is not None and known(config["data"]).kind not in (None, "sequence"):
        yield f"model.prior=ngram: needs text, data={config['data']['name']} is not; use model.prior=null"


def _logistic(config: Config) -> Iterator[str]:
    model, space = config["model"], known(config["data"])
    if class_of(model) != "Logistic" or space.dims is None or space.levels is None:
        return
    a_number = space.dims**2 * (1 if space.kind == "image" or space.levels == 2 else space.levels)
    weights = a_number * min(model["rank"], _outputs(config, space))
    if weights > model["max_weights"]:
        fits = model["max_weights"] // a_number
        remedy = f"use model.rank={fits}" if fits else "use model=made"
        what = f"data={config['data']['name']} has {space.dims} dimensions"
        yield f"model={model['name']}: {weights:,} weights, model.max_weights={model['max_weights']}: {what}; {remedy}"


def _outputs(config: Config, space: Known) -> int:
    """Numbers a dimension."""
    if class_of(config["likelihood"]) == "LogisticMixture":
        return 3 * config["likelihood"]["components"]
    return 1 if space.levels == 2 and class_of(config["likelihood"]) != "Categorical" else space.levels


def _hashed(config: Config) -> Iterator[str]:
    """What hashed n-grams at the input, whose gradients are sparse, do not go with."""
    order, trainer = config["model"].get("ngrams", 1), config["trainer"]
    if not is_own(config["model"]) or order == 1:
        return
    if known(config["data"]).real:
        yield f"model.ngrams={order}: needs discrete data, data={config['data']['name']} has real numbers"
    if class_of(config["optimizer"]) == "SGD":
        yield f"optimizer=sgd: has no sparse form for model.ngrams={order}; use optimizer=adam, adamw or muon"
    if trainer["gradient_clip_val"] and trainer.get("gradient_clip_algorithm") == "value":
        yield f"trainer.gradient_clip_algorithm=value: not for the sparse gradients of model.ngrams={order}; use norm"
    if trainer["strategy"] != "auto":
        yield f"trainer.strategy={trainer['strategy']}: does not reduce sparse gradients; use model.ngrams=1"


def _tied(config: Config) -> Iterator[str]:
    if not config["model"].get("tied") or class_of(config["model"]) != "Transformer":
        return
    chosen, space = class_of(config["likelihood"]), known(config["data"])
    if chosen not in ("auto", "Categorical") or space.real or (chosen == "auto" and space.values == "2 levels"):
        yield "model.tied=true: needs one output a level; use likelihood=categorical, or model.tied=false"


def _transformer(config: Config) -> Iterator[str]:
    model = config["model"]
    if class_of(model) != "Transformer":
        return
    width, heads = model["width"], model["heads"]
    if width % heads:
        divisors = [str(n) for n in range(1, min(width, 65)) if width % n == 0]
        yield f"model.heads={heads}: must divide model.width={width}; use one of {', '.join(divisors)}"
    elif model.get("positions") == "rotary" and width // heads % 2:
        yield f"model.heads={heads}: rotary positions need an even width / heads, this is {width // heads}"


def _pixelcnn(config: Config) -> Iterator[str]:
    model = config["model"]
    if class_of(model) in ("PixelCNN", "PlainPixelCNN") and model["kernel"] % 2 == 0:
        kernel = model["kernel"]
        yield f"model.kernel={kernel}: must be odd, so that it has a center; use {kernel - 1} or {kernel + 1}"
