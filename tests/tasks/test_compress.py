"""task=compress, decompress, verify: files as the command writes and reads them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
import torch
from PIL import Image

from ar_lab.__main__ import main
from ar_lab.coding.container import open_container
from ar_lab.coding.header import Place
from ar_lab.coding.text import decode_text
from ar_lab.errors import ConfigError, DataError, LabError
from ar_lab.restore import restore
from ar_lab.tasks.compress import written
from ar_lab.tasks.decompress import decoded
from ar_lab.tasks.packed import check_place
from tests.tasks.conftest import QUICK, SMALL

Lab = Callable[..., Path]
TEXT = ["data=text", "data.context=16", "data.unknown=true"]
WORDS = b"the quick brown fox jumps over the lazy dog\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of every kind of data, hardly trained."""
    place = tmp_path_factory.mktemp("runs")
    (place / "corpus.txt").write_bytes(WORDS * 100)
    path = f"data.path={place / 'corpus.txt'}"
    lines = {
        "ngram": ["model=ngram", "model.order=3", *TEXT, path],
        "bytes": ["model=ngram", "model.order=2", *TEXT, path, "data.codec=bytes"],
        "charrnn": [*SMALL["charrnn"], *TEXT, path, "trainer.max_steps=2"],
        "images": [*SMALL["pixelcnn"], "data=digits", "trainer.max_steps=2"],
        "table": [*SMALL["charrnn"], "data=table", "trainer.max_steps=2"],
    }
    for name, line in lines.items():
        assert main([*QUICK, *line, f"output={place / name}"]) == 0
    return {name: place / name for name in lines}


def compressed(run: Path, source: Path | None, target: Path, *more: str, code: int = 0) -> dict:
    line = [] if source is None else [f"task.input={source}"]
    assert main(["task=compress", f"run={run}", *line, f"task.output={target}", *more]) == code
    results = sorted((run).glob("compress*/result.json"), key=lambda path: path.stat().st_mtime_ns)
    return json.loads(results[-1].read_text()) if not code else {}


def restored_file(file: Path, target: Path, *more: str) -> Path:
    assert main(["task=decompress", f"task.input={file}", f"task.output={target}", *more]) == 0
    return target


def is_short(found: dict) -> bool:
    """Within 0.1 % and 64 bytes of the ideal length."""
    return found["overhead_bytes"] <= found["ideal_bits"] / 8 * 0.001 + 64


@pytest.mark.parametrize("name", ["ngram", "bytes", "charrnn"])
@pytest.mark.parametrize(
    "content",
    [b"", b"t", b"t" * 400, WORDS * 10, "naïve 日本\r\n€".encode() + b"\xff\xfe\0", bytes(range(256)) * 3],
    ids=["empty", "one", "constant", "text", "foreign", "binary"],
)
def test_any_file_comes_back_to_the_byte(runs: dict[str, Path], tmp_path: Path, name: str, content: bytes):
    source = tmp_path / "file"
    source.write_bytes(content)
    found = compressed(runs[name], source, tmp_path / "file.arlab")
    assert is_short(found)
    assert found["checked"]
    out = restored_file(tmp_path / "file.arlab", tmp_path / "again", f"run={runs[name]}")
    assert out.read_bytes() == content


def test_another_process_decodes_with_a_copy_of_the_run_elsewhere(runs: dict[str, Path], tmp_path: Path):
    source = tmp_path / "file"
    source.write_bytes(WORDS * 20)
    compressed(runs["charrnn"], source, tmp_path / "file.arlab", "task.check=false")
    shutil.copytree(runs["charrnn"], tmp_path / "elsewhere")
    line = ["task=decompress", f"run={tmp_path / 'elsewhere'}", f"task.input={tmp_path / 'file.arlab'}"]
    command = [sys.executable, "-m", "ar_lab", *line, f"task.output={tmp_path / 'again'}"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "again").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("more", [["task.weights=fp32"], ["task.weights=fp16"], ["task.online=true"]])
def test_a_file_with_its_model_decodes_by_itself(runs: dict[str, Path], tmp_path: Path, more: list[str]):
    source = tmp_path / "file"
    source.write_bytes(WORDS * 10 + b"\xe9")
    found = compressed(runs["charrnn"], source, tmp_path / "file.arlab", "task.embed_model=true", *more)
    assert is_short(found)
    assert restored_file(tmp_path / "file.arlab", tmp_path / "again").read_bytes() == source.read_bytes()


def test_learning_while_coding_needs_no_weights_and_gets_shorter(runs: dict[str, Path], tmp_path: Path):
    source = tmp_path / "file"
    source.write_bytes(WORDS * 40)
    found = compressed(runs["ngram"], source, tmp_path / "file.arlab", "task.online=true")
    assert found["lengths"]["prequential"] == found["bytes"] < source.stat().st_size / 2
    again = restored_file(tmp_path / "file.arlab", tmp_path / "again", f"run={runs['ngram']}")
    assert again.read_bytes() == source.read_bytes()


def test_a_folder_of_pictures_and_one_picture_keep_their_pixels(runs: dict[str, Path], tmp_path: Path):
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 17, (3, 8, 8), dtype=np.uint8)
    for name, image in zip(("b", "a", "sub/c"), images, strict=True):
        Image.fromarray(image).save(folder / f"{name}.png")
    compressed(runs["images"], folder, tmp_path / "all.arlab")
    again = restored_file(tmp_path / "all.arlab", tmp_path / "again", f"run={runs['images']}")
    for name, image in zip(("b", "a", "sub/c"), images, strict=True):
        np.testing.assert_array_equal(np.array(Image.open(again / f"{name}.png")), image)
    compressed(runs["images"], folder / "a.png", tmp_path / "one.arlab")
    one = restored_file(tmp_path / "one.arlab", tmp_path / "one.png", f"run={runs['images']}")
    np.testing.assert_array_equal(np.array(Image.open(one)), images[1])


def test_the_test_part_is_as_long_as_evaluate_says(runs: dict[str, Path], tmp_path: Path):
    found = compressed(runs["images"], None, tmp_path / "test.arlab", "task.prequential=false")
    assert found["lengths"]["prequential"] is None
    assert found["others"].keys() >= {"gzip", "bzip2", "xz", "png"}
    restored = restore(runs["images"])
    out = restored_file(tmp_path / "test.arlab", tmp_path / "test.npz", f"run={runs['images']}")
    x = restored.codec.encode(np.load(out)["images"][..., None])
    with torch.no_grad():
        bits = -restored.model.log_prob(restored.model.cast(x)).double().sum() / np.log(2)
    assert found["ideal_bits"] == pytest.approx(float(bits), rel=1e-5)
    assert is_short(found)


def test_a_table_keeps_its_decimals_or_a_stated_precision(runs: dict[str, Path], tmp_path: Path):
    codec = restore(runs["table"]).codec
    rows = np.round(np.array(codec.mean) + np.array(codec.scale) * np.linspace(-2, 40, 4)[:, None], 3)
    header = ",".join(codec.columns) + "\n"
    table = tmp_path / "table.csv"
    table.write_text(header + "\n".join(",".join(map(repr, row)) for row in rows.tolist()) + "\n")
    compressed(runs["table"], table, tmp_path / "exact.arlab")
    exact = restored_file(tmp_path / "exact.arlab", tmp_path / "exact.csv", f"run={runs['table']}")
    np.testing.assert_array_equal(np.loadtxt(exact, delimiter=",", skiprows=1), rows)
    compressed(runs["table"], table, tmp_path / "rough.arlab", "task.precision=0.5")
    rough = restored_file(tmp_path / "rough.arlab", tmp_path / "rough.csv", f"run={runs['table']}")
    assert np.abs(np.loadtxt(rough, delimiter=",", skiprows=1) - rows).max() <= 0.25
    assert rough.read_text().splitlines()[0] == header.strip()
    assert (tmp_path / "rough.arlab").stat().st_size < (tmp_path / "exact.arlab").stat().st_size


def test_a_column_that_the_run_does_not_know_is_not_lost_in_silence(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
):
    codec = restore(runs["table"]).codec
    table = tmp_path / "table.csv"
    table.write_text(",".join([*codec.columns, "name"]) + "\n" + ",".join(["1"] * (len(codec.columns) + 1)) + "\n")
    compressed(runs["table"], table, tmp_path / "table.arlab", code=2)
    assert "the run does not know the column 'name'" in capsys.readouterr().err


def test_random_damage_is_always_said_and_never_decoded(runs: dict[str, Path], tmp_path: Path):
    source, file, damaged = (tmp_path / name for name in ("file", "file.arlab", "damaged.arlab"))
    source.write_bytes(WORDS * 4)
    compressed(runs["ngram"], source, file, "task.check=false", "task.prequential=false", "task.embed_model=true")
    content, random = file.read_bytes(), np.random.default_rng(0)
    for _ in range(2000):
        other = bytearray(content)
        kind, place = random.integers(4), int(random.integers(len(content)))
        if kind == 0:
            other[place] ^= 1 << int(random.integers(8))
        elif kind == 1:
            del other[place:]
        elif kind == 2:
            other[place : place + int(random.integers(1, 20))] = random.bytes(int(random.integers(1, 20)))
        else:
            head = int(random.integers(80))  # where a wrong number asks for the most
            other[head] = (other[head] + int(random.integers(1, 256))) % 256
        if bytes(other) == content:
            continue
        damaged.write_bytes(other)
        with pytest.raises((DataError, ConfigError), match=r"damaged\.arlab"), open_container(damaged):
            pass


def test_damage_with_a_right_checksum_is_said_or_does_not_matter(runs: dict[str, Path], tmp_path: Path):
    source, file, damaged = (tmp_path / name for name in ("file", "file.arlab", "damaged.arlab"))
    source.write_bytes(WORDS * 4)
    compressed(runs["ngram"], source, file, "task.check=false", "task.prequential=false")
    content, random, restored = file.read_bytes(), np.random.default_rng(0), restore(runs["ngram"])
    for _ in range(100):
        other = bytearray(content[:-4])
        other[int(random.integers(5, len(other)))] ^= 1 << int(random.integers(8))
        damaged.write_bytes(bytes(other) + crc32(bytes(other)).to_bytes(4, "little"))
        try:
            with decoded(damaged, restored, torch.device("cpu"), shown=False) as found:  # such as another thread count
                assert b"".join(decode_text(found.symbols, found.extra, found.codec)) == source.read_bytes()
        except LabError:
            continue


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: b"PNG!" + content[4:], "is not a file that task=compress made"),
        (lambda content: content[:4] + b"\2" + content[5:], "version 2 of the format"),
        (lambda content: content[:-10], "is cut"),
        (lambda content: content + b"more", "has something behind its end"),
        (lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:], "is damaged.*chunk 1 of 1"),
        (lambda content: content[:3], "is cut"),
    ],
    ids=["other", "version", "cut", "longer", "flipped", "start"],
)
def test_what_is_wrong_with_a_file_is_said(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture, change: Callable, words: str
):
    source, file = tmp_path / "file", tmp_path / "file.arlab"
    source.write_bytes(WORDS)
    compressed(runs["ngram"], source, file, "task.check=false", "task.prequential=false")
    file.write_bytes(change(file.read_bytes()))
    assert main(["task=verify", f"task.input={file}"]) == 1
    capsys.readouterr()
    with pytest.raises(DataError, match=words), open_container(file):
        pass


def test_another_model_and_another_place_are_refused(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
):
    source, file = tmp_path / "file", tmp_path / "file.arlab"
    source.write_bytes(WORDS)
    compressed(runs["ngram"], source, file)
    assert main(["task=decompress", f"run={runs['charrnn']}", f"task.input={file}", f"task.output={tmp_path}/x"]) == 2
    assert "was coded by another model" in capsys.readouterr().err
    assert main(["task=decompress", f"task.input={file}", f"task.output={tmp_path}/x"]) == 2
    assert "the model is not in the file" in capsys.readouterr().err
    here = Place("float32", 2, "2.9.0", "cpu", "AVX2")
    for there, words in [
        (Place("float64", 2, "2.9.0", "cpu", "AVX2"), "precision float64"),
        (Place("float32", 2, "2.8.0", "cpu", "AVX2"), r"torch 2\.8\.0"),
        (Place("float32", 2, "2.9.0", "cuda", "H100"), "device cuda"),
        (Place("float32", 2, "2.9.0", "cpu", "AVX512"), "processor AVX512"),
    ]:
        with pytest.raises(ConfigError, match=words):
            check_place(there, here)


def test_verify_compares_with_the_original(runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture):
    source, other, file = (tmp_path / name for name in ("file", "other", "file.arlab"))
    source.write_bytes(WORDS)
    other.write_bytes(WORDS + b"!")
    compressed(runs["ngram"], source, file)
    line = ["task=verify", f"run={runs['ngram']}", f"task.input={file}"]
    assert main([*line, f"task.original={source}"]) == 0
    assert main([*line, f"task.original={other}"]) == 1
    assert "decodes, but not to" in capsys.readouterr().err


def test_an_output_that_is_there_is_kept(runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture):
    source, file = tmp_path / "file", tmp_path / "file.arlab"
    source.write_bytes(WORDS)
    file.write_bytes(b"precious")
    compressed(runs["ngram"], source, file, code=2)
    assert "is there already" in capsys.readouterr().err
    assert file.read_bytes() == b"precious"
    assert {*tmp_path.iterdir()} == {source, file}
    compressed(runs["ngram"], source, Path("/proc/file.arlab"), code=2)
    assert "task.output=/proc/file.arlab: " in capsys.readouterr().err


def test_a_file_that_does_not_decode_to_its_input_is_not_kept(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    source = tmp_path / "file"
    source.write_bytes(WORDS)
    monkeypatch.setattr(
        "ar_lab.tasks.compress.written",
        lambda part, contents, *more: written(part, replace(contents, symbols=contents.symbols[::-1]), *more),
    )
    compressed(runs["ngram"], source, tmp_path / "file.arlab", code=1)
    assert "does not decode to what it was made from" in capsys.readouterr().err
    assert {*tmp_path.iterdir()} == {source}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("ngram", 10_000_000), ("charrnn", 1_000_000)])
def test_a_long_file_comes_back_and_is_short(runs: dict[str, Path], tmp_path: Path, name: str, size: int):
    source = tmp_path / "file"
    words = np.array(WORDS.split(), dtype=object)
    text = b" ".join(words[np.random.default_rng(0).integers(len(words), size=size // 4)])[: size - 4]
    source.write_bytes(text + "\xff é".encode())
    found = compressed(runs[name], source, tmp_path / "file.arlab", "task.prequential=false")
    assert found["checked"]
    assert is_short(found)
    assert found["chunks"] > 1
