"""The model by which a file is coded or decoded: a run's, the one in the file, or a fresh one that learns."""

from dataclasses import dataclass
from typing import Any

import torch

from ar_lab import codecs
from ar_lab.build import build_model
from ar_lab.codecs.base import Codec
from ar_lab.coding import weights as packing
from ar_lab.coding.alphabet import alphabet_for
from ar_lab.coding.coder import Coder
from ar_lab.coding.container import Opened
from ar_lab.coding.header import Header, Online, Place
from ar_lab.coding.identity import description, embedded, identity, unembedded
from ar_lab.coding.layout import Layout
from ar_lab.coding.prequential import Learner
from ar_lab.errors import ConfigError, DataError
from ar_lab.model import AutoregressiveModel
from ar_lab.restore import Restored


@dataclass(frozen=True)
class Packed:
    """A model on its device, what it is built from, and which one it is."""

    model: AutoregressiveModel
    codec: Codec
    described: bytes
    config: dict[str, Any]  # model and likelihood
    dtype: str = "fp32"  # of weights in a file

    @property
    def identity(self) -> bytes:
        return identity(self.described, self.model.state_dict())

    @property
    def place(self) -> Place:
        return Place.here(self.model.network.dtype, self.model.network.device)

    def weights(self) -> bytes:
        """The weights, as they lie in a file."""
        return packing.pack(self.model.state_dict(), self.dtype)

    def embedded(self, online: Online | None) -> bytes:
        """The section of a file that makes it decodable by itself; a model that learns needs no weights."""
        return embedded(self.described, self.weights() if online is None else b"")

    def fresh(self, seed: int) -> "Packed":
        """The same model before it learned anything."""
        return built(self.config, self.codec, self.described, self.model.network.device, seed)

    def coder(self, layout: Layout, extra: bytes, online: Online | None) -> Coder:
        """Each has a learner of its own, which changes the model: take a fresh one for every coder."""
        alphabet = alphabet_for(self.codec, extra, self.model.network.device)
        learner = None if online is None else Learner(self.model, online.lr)
        try:
            return Coder(self.model, alphabet, layout, learner, 0 if online is None else online.segment)
        except ValueError as error:
            raise ConfigError(f"model={self.config['model']['name']}: {error}") from error


def of_run(restored: Restored, device: torch.device, dtype: str = "fp32") -> Packed:
    """A run's model, with weights as a file has them that holds them in a precision."""
    described = description(restored.run.config, restored.codec)
    model = restored.model
    if dtype != "fp32":
        try:
            model.load_state_dict(packing.rounded(model.state_dict(), dtype))
        except ValueError as error:
            raise ConfigError(f"task.weights={dtype}: {error}; use fp32") from error
    return Packed(model.to(device), restored.codec, described, restored.run.config, dtype)


def built(config: dict[str, Any], codec: Codec, described: bytes, device: torch.device, seed: int = 0) -> Packed:
    """A model with the weights that a seed begins with; the random numbers of the caller stay as they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build_model(config, codec.space)
    return Packed(model.eval().requires_grad_(False).to(device), codec, described, config)


def of_file(opened: Opened, restored: Restored | None, device: torch.device) -> Packed:
    """The model that a file was coded by, on the place where it was coded.

    Raises:
        ConfigError: when it is neither in the file nor the run's, or this is another place.
        DataError: when the model in the file is damaged.
    """
    header = opened.header
    if opened.embedded:
        packed = _of_section(opened, device)
    elif restored is None:
        raise ConfigError("the model is not in the file: give the run it was coded by, run=DIR")
    else:
        packed = of_run(restored, device)
    packed = packed if header.online is None else packed.fresh(header.online.seed)
    if packed.identity != header.model:
        raise ConfigError(
            f"was coded by another model: its hash is {header.model.hex()}, "
            f"and that of {'the one in it' if restored is None else restored.run.path} {packed.identity.hex()}"
        )
    torch.set_num_threads(header.place.threads)
    check_place(header.place, packed.place)
    return packed


def _of_section(opened: Opened, device: torch.device) -> Packed:
    config, weights = unembedded(opened.embedded)
    try:
        codec = codecs.from_dict(config["codec"])
        packed = built(config, codec, description(config, codec), device)
        if opened.header.online is None:
            packed.model.load_state_dict(packing.unpack(weights))
    except (ValueError, TypeError, LookupError, RuntimeError) as error:
        raise DataError(f"the model in it cannot be built: {str(error).splitlines()[0]}") from error
    return packed


def check_place(then: Place, now: Place) -> None:
    """Raises ConfigError where probabilities may differ in their last bits from those that the file was coded by."""
    for what, before, here in (
        ("precision", then.dtype, now.dtype),
        ("torch", then.torch, now.torch),
        ("device", then.device, now.device),
        ("processor", then.hardware, now.hardware),
    ):
        if before != here:
            raise ConfigError(
                f"was coded with {what} {before}, and here is {here}: the last bits of its probabilities would differ, "
                f"and the rest be garbage; decode it with {before}"
            )


def header_of(packed: Packed, layout: Layout, extra: bytes, section: bytes, online: Online | None) -> Header:
    """The header of a file whose chunks are yet to come."""
    return Header(packed.identity, packed.codec.kind, packed.place, layout, len(extra), len(section), online, ())
