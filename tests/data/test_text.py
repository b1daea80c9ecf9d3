"""Text is split into contiguous blocks, its alphabet comes from training alone, and downloads are checked."""

import hashlib
from math import log
from pathlib import Path

import pytest

from ar_lab.data.text import PyDocs, Shakespeare, TextFiles
from ar_lab.errors import ConfigError, DataError

TEXT = "the quick brown fox jumps over the lazy dog. " * 40
OPTIONS = {"codec": "characters", "unknown": True, "context": 16, "validation": 0.1, "fraction": 1.0}


def load(tmp_path: Path, text: str | bytes = TEXT, **options):
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return TextFiles(path=str(path), **{**OPTIONS, "test": 0.1, **options}).load()


def test_the_parts_are_the_text_in_order(tmp_path):
    parts = load(tmp_path)
    blocks = [parts.codec.decode(x) for x in (parts.train, parts.validation, parts.test)]
    assert "".join(blocks) == TEXT
    assert [len(block) for block in blocks] == [1458, 162, 180]
    assert parts.is_stream
    assert parts.notes == []
    assert parts.checksum == hashlib.sha256(TEXT.encode()).hexdigest()


def test_files_are_joined_in_the_order_given(tmp_path):
    (tmp_path / "b").write_text(TEXT)
    (tmp_path / "a").write_text(TEXT.upper())
    paths = [str(tmp_path / "b"), str(tmp_path / "a")]
    parts = TextFiles(path=paths, **{**OPTIONS, "test": 0.1}).load()
    text = "".join(parts.codec.decode(x) for x in (parts.train, parts.validation))
    assert (TEXT + TEXT.upper()).startswith(text)


def test_the_alphabet_is_that_of_the_training_part_after_fraction(tmp_path):
    text = "ab" * 400 + "cd" * 410 + "ef" * 90 + "gh" * 100
    assert load(tmp_path, text).codec.alphabet == "abcd"
    assert load(tmp_path, text, fraction=0.4).codec.alphabet == "ab"


def test_unknown_characters_are_counted_in_the_notes_and_charged(tmp_path):
    parts = load(tmp_path, "ab" * 900 + "a日b" + "ab" * 98 + "é")
    assert parts.notes == [
        "test: 2 characters of 200 never occur in training",
    ]
    assert parts.codec.charge(parts.test).sum() == pytest.approx(2 * log(0x110000 - 2048 - 2))
    singular = load(tmp_path, "ab" * 900 + "a日b" + "ab" * 98 + "a")
    assert singular.notes == ["test: 1 character of 200 never occurs in training"]


def test_unknown_characters_can_be_made_an_error(tmp_path):
    with pytest.raises(DataError, match=r"1 of 200 characters never occur in training: '日'"):
        load(tmp_path, "ab" * 900 + "a日b" + "ab" * 98 + "a", unknown=False)


def test_bytes_take_any_file_and_come_back_exactly(tmp_path):
    content = bytes(range(256)) * 8
    parts = load(tmp_path, content, codec="bytes")
    assert b"".join(parts.codec.decode(x) for x in (parts.train, parts.validation, parts.test)) == content
    assert parts.codec.space.levels == 256


def test_what_is_not_utf_8_is_located(tmp_path):
    with pytest.raises(DataError, match=r"text\.txt is not UTF-8: byte 1,000 is 0xff; data\.codec=bytes"):
        load(tmp_path, b"a" * 1000 + b"\xff")


def test_an_empty_text_is_named(tmp_path):
    for codec in ("characters", "bytes"):
        with pytest.raises(DataError, match=r"text\.txt is empty: give some text"):
            load(tmp_path, "", codec=codec)
    paths = [str(tmp_path / "text.txt")] * 2
    with pytest.raises(DataError, match=r"text\.txt, .*text\.txt are empty"):
        TextFiles(path=paths, **{**OPTIONS, "test": 0.1}).load()


@pytest.mark.parametrize("unknown", [False, True])
def test_a_file_of_one_distinct_character_leaves_nothing_to_predict(unknown, tmp_path):
    with pytest.raises(DataError, match="the 81 training characters are all 'a': there is nothing to predict"):
        load(tmp_path, "a" * 100, unknown=unknown, context=4)


def test_line_ends_are_kept_as_they_are(tmp_path):
    parts = load(tmp_path, "one\r\ntwo\n" * 100)
    assert parts.codec.decode(parts.train).startswith("one\r\ntwo\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"context": 1459}, r"training part has 1,458 characters, fewer than data\.context=1459"),
        ({"context": 163}, r"validation part has 162 characters, fewer than data\.context=163.*data\.validation"),
        ({"fraction": 0.01}, r"training part has 14 characters, fewer than data\.context=16.*data\.fraction"),
    ],
)
def test_a_part_without_one_window_is_an_error_with_the_numbers(options, message, tmp_path):
    with pytest.raises(DataError, match=message):
        load(tmp_path, **options)


def test_no_validation_part_is_allowed(tmp_path):
    parts = load(tmp_path, validation=0.0, context=163)
    assert len(parts.validation) == 0
    assert len(parts.train) == 1620


def test_a_missing_file_and_a_misspelt_codec_are_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.txt cannot be read: No such file"):
        TextFiles(path=str(tmp_path / "gone.txt"), **{**OPTIONS, "test": 0.1}).load()
    with pytest.raises(ConfigError, match=r"data\.codec=words: must be characters or bytes"):
        load(tmp_path, codec="words")


def test_pydocs_is_some_hundred_thousand_characters_of_prose():
    parts = PyDocs(**OPTIONS, test=0.1).load()
    assert len(parts.train) > 200_000
    text = parts.codec.decode(parts.train[:3000])
    assert "assert" in text
    assert "statement" in text


def shakespeare(folders: dict[str, str], **options):
    return Shakespeare(**{"path": None, **folders, **OPTIONS, **options}).load()


@pytest.fixture
def play(monkeypatch) -> bytes:
    monkeypatch.setattr(Shakespeare, "sha256", hashlib.sha256(TEXT.encode()).hexdigest())
    return TEXT.encode()


def test_shakespeare_is_found_under_the_root(play, folders):
    place = Path(folders["root"]) / "text" / "tinyshakespeare.txt"
    place.parent.mkdir()
    place.write_bytes(play)
    parts = shakespeare(folders, validation=0.0)
    assert parts.codec.decode(parts.test) == TEXT[int(0.9 * len(TEXT)) :]
    assert not Path(folders["cache"]).exists()


def test_shakespeare_is_downloaded_once(play, folders, server, monkeypatch):
    server.files["input.txt"] = play
    monkeypatch.setattr(Shakespeare, "url", f"{server.url}input.txt")
    assert shakespeare(folders).checksum == shakespeare(folders).checksum == hashlib.sha256(play).hexdigest()
    assert server.requests == ["input.txt"]


@pytest.mark.parametrize("fault", ["wrong", "cut"])
def test_a_bad_download_of_shakespeare_leaves_nothing_behind(fault, play, folders, server, monkeypatch):
    server.files["input.txt"] = b"wrong" if fault == "wrong" else play
    server.cut = {"input.txt"} if fault == "cut" else set()
    monkeypatch.setattr(Shakespeare, "url", f"{server.url}input.txt")
    found = hashlib.sha256(b"wrong").hexdigest()
    expected = rf"its sha256 is {found}, expected {Shakespeare.sha256}; the download was thrown away"
    with pytest.raises(DataError, match=expected if fault == "wrong" else r"download failed \(IncompleteRead"):
        shakespeare(folders)
    assert not [path for path in Path(folders["cache"]).rglob("*.txt*") if path.is_file()]
    server.files["input.txt"], server.cut = play, set()
    assert len(shakespeare(folders).test) == 180


def test_without_shakespeare_and_network_the_error_says_what_to_do(folders, nobody, monkeypatch):
    monkeypatch.setattr(Shakespeare, "url", nobody)
    with pytest.raises(DataError) as caught:
        shakespeare(folders)
    message = str(caught.value)
    assert "\n" not in message
    for part in (folders["root"], folders["cache"], "text/tinyshakespeare.txt", "refused", "data=pydocs"):
        assert part in message


@pytest.mark.parametrize("where", ["path", "root", "cache"])
def test_another_text_in_place_of_shakespeare_is_refused_with_both_checksums(where, play, folders, tmp_path):
    place = tmp_path / "mine.txt" if where == "path" else Path(folders[where]) / "text" / "tinyshakespeare.txt"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("Is this a dagger?")
    found = hashlib.sha256(b"Is this a dagger?").hexdigest()
    with pytest.raises(
        DataError, match=rf"{place.name} is corrupt: its sha256 is {found}, expected {Shakespeare.sha256}"
    ):
        shakespeare(folders, path=str(place) if where == "path" else None)


def test_the_real_shakespeare_has_its_usual_parts(shared_data, tmp_path):
    parts = shakespeare({"root": str(shared_data), "cache": str(tmp_path / "cache")})
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (903_468, 100_386, 111_540)
    assert parts.codec.space.levels == 65 + 1 - ("$" not in parts.codec.alphabet)
