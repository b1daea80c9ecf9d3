"""Where the bits go, on every kind of data, against a slow direct count."""

import csv
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch

from ar_lab.codecs.image import ImageCodec
from ar_lab.codecs.table import TableCodec
from ar_lab.codecs.text import ByteCodec, CharacterCodec
from ar_lab.data.parts import Parts
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.likelihoods.gaussian_mixture import GaussianMixture
from ar_lab.likelihoods.student_mixture import StudentMixture
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.models.transformer import Transformer
from ar_lab.tasks.attribution import attribute

CONFIG = {"evaluation": {"examples": None, "batch_size": 4}, "task": {"stride": None}, "data": {"name": "toy"}}
TEXT = "to be <or> & not to be, " * 8
READ = {"characters": TEXT, "bytes": TEXT.encode() + bytes([200, 0])}


def model(space, network=CharRNN, likelihood=None) -> AutoregressiveModel:
    torch.manual_seed(0)
    likelihood = (likelihood or (Categorical if space.discrete else GaussianMixture))(space)
    options = {"hidden": 8} if network is CharRNN else {"layers": 1, "width": 8, "heads": 1}
    return AutoregressiveModel(network(space, likelihood.outputs, **options), likelihood).double().eval()


def parts(codec, x: torch.Tensor) -> Parts:
    return Parts(codec, x, x, x, checksum="")


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def images(*shape: int, levels: int = 4) -> tuple[ImageCodec, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    codec = ImageCodec(shape, levels, levels)
    return codec, torch.randint(0, levels, (6, codec.space.dims), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("shape", [(3, 4, 1), (2, 3, 3)])
def test_images_have_the_mean_bits_of_every_dimension(tmp_path, shape):
    codec, x = images(*shape)
    net = model(codec.space)
    metrics = attribute(net, parts(codec, x), CONFIG, tmp_path)
    params = net.network(x.long())
    expected = -torch.log_softmax(params, -1).gather(-1, x.long()[..., None])[..., 0].mean(0) / log(2)
    table = rows(tmp_path / "bits.csv")
    np.testing.assert_allclose([float(row["bits"]) for row in table], expected.detach(), rtol=1e-9)
    assert [tuple(int(row[name]) for name in ("row", "column", "channel")) for row in table] == [*np.ndindex(shape)]
    assert metrics["calibration/accuracy"] == pytest.approx(float((params.argmax(-1) == x).double().mean()))
    assert metrics["calibration/predictions"] == x.numel()
    assert {path.name for path in tmp_path.iterdir()} == {"bits.csv", "heatmap.png", "reliability.png"}


@pytest.mark.parametrize("likelihood", [GaussianMixture, StudentMixture])
def test_tables_have_the_bits_of_their_columns_by_name(tmp_path, likelihood):
    codec = TableCodec((0.0, 1.0), (1.0, 2.0), ("weight", "height"))
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    net = model(codec.space, likelihood=likelihood)
    metrics = attribute(net, parts(codec, x), CONFIG, tmp_path)
    expected = (net.nll(x.double()) + codec.charge(x)).mean(0) / log(2)
    assert [row["column"] for row in rows(tmp_path / "bits.csv")] == ["weight", "height"]
    np.testing.assert_allclose([float(row["bits"]) for row in rows(tmp_path / "bits.csv")], expected.detach())
    assert 0 < metrics["calibration/ks"] < 1
    assert {path.name for path in tmp_path.iterdir()} == {"bits.csv", "loss_by_dimension.png", "pit.png"}


@pytest.mark.parametrize("network", [CharRNN, Transformer])
@pytest.mark.parametrize("kind", ["characters", "bytes"])
def test_text_has_its_bits_by_symbol_and_by_context(tmp_path, kind, network):
    codec = CharacterCodec.fitted(TEXT, True, 8) if kind == "characters" else ByteCodec(8)
    x = codec.encode(READ[kind])
    net = model(codec.space, network)
    metrics = attribute(net, parts(codec, x), CONFIG, tmp_path)
    windows = x[: len(x) // 8 * 8].reshape(-1, 8).long()
    by_context = [float(row["nats"]) for row in rows(tmp_path / "loss_by_context.csv")]
    np.testing.assert_allclose(by_context, net.nll(windows).mean(0).detach(), rtol=1e-9)
    symbols = list(csv.reader((tmp_path / "bits.csv").read_text(encoding="utf-8").splitlines()))[1:]
    assert len(symbols) == len(x) == metrics["calibration/predictions"]
    assert (tmp_path / "surprisal.html").exists()
    assert (tmp_path / "reliability.png").exists()


def test_the_symbols_of_a_carried_text_sum_to_its_code_length(tmp_path):
    codec = CharacterCodec.fitted(TEXT, False, 8)
    x, net = codec.encode(TEXT), model(codec.space)
    attribute(net, parts(codec, x), CONFIG, tmp_path)
    params, _ = net.network.extend(x[None].long(), net.network.start(1))
    bits = -net.likelihood.conditional(params).log_prob(x[None].long()).detach().sum() / log(2)
    table = rows(tmp_path / "bits.csv")
    assert sum(float(row["bits"]) for row in table) == pytest.approx(float(bits))
    assert "".join(row["symbol"] for row in table) == TEXT


def test_a_text_of_several_stretches_shorter_than_a_window_is_scored(tmp_path):
    codec = CharacterCodec.fitted(TEXT, False, 64)
    x = codec.encode(TEXT[:50])
    some = Parts(codec, x, x, x, checksum="", seams={"test": [20]})
    assert attribute(model(codec.space), some, CONFIG, tmp_path)["calibration/predictions"] == 50
    assert not (tmp_path / "loss_by_context.csv").exists()


def test_a_part_without_examples_has_no_bits(tmp_path):
    codec, x = images(2, 2, 1)
    assert attribute(model(codec.space), Parts(codec, x, x, x[:0], checksum=""), CONFIG, tmp_path) == {}
