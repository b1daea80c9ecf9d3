"""Text: Python's documentation, tiny Shakespeare, or the user's files, split into contiguous blocks."""

import hashlib
from abc import abstractmethod
from pathlib import Path
from pydoc_data import topics

from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.codecs.text import ByteCodec, CharacterCodec
from ar_lab.data.blocks import blocks
from ar_lab.data.download import NETWORK_ERRORS, checked, fetched, keep, unavailable, writing
from ar_lab.data.folds import Fold, fold_notes
from ar_lab.data.parts import Parts, Source
from ar_lab.errors import ConfigError, DataError


class Text(Source):
    """Files one after another as one stream, cut into three blocks of characters or bytes: training first, test last.

    A fold is a block of what precedes the test part (see `blocks`). The alphabet is that of the training part after
    `fraction` has shortened it.
    """

    def __init__(
        self, *, codec: str, unknown: bool, context: int, validation: float, fraction: float, test: float = 0.1
    ):
        if codec not in ("characters", "bytes"):
            raise ConfigError(f"data.codec={codec}: must be characters or bytes")
        self.codec, self.unknown, self.context = codec, unknown, context
        self.validation = validation
        self.shares = {"test": test, "validation": validation, "fraction": fraction}

    @abstractmethod
    def files(self) -> list[tuple[str, bytes]]:
        """The name and content of every file."""

    def load(self, fold: Fold | None = None) -> Parts:
        files = self.files()
        if self.codec == "bytes":
            text = b"".join(content for _, content in files)
        else:
            text = "".join(characters(name, content) for name, content in files)
        cut = blocks(fold, len(text), **self.shares, context=self.context)
        self.check_window("training", cut.train)
        if self.validation:
            self.check_window("validation", cut.validation)
        train, validation, test = (joined(text, part) for part in (cut.train, cut.validation, cut.test))
        codec = self.fit(train)
        held_out = {"validation": codec.encode(validation), "test": codec.encode(test)}
        return Parts(
            codec,
            codec.encode(train),
            **held_out,
            checksum=hashlib.sha256(b"".join(content for _, content in files)).hexdigest(),
            notes=[*fold_notes(fold), *unseen(codec, held_out)],
            digest=cut.digest,
            held_out=cut.held_out,
            seams=cut.seams,
        )

    def fit(self, train: str | bytes) -> Codec:
        if self.codec == "bytes":
            return ByteCodec(self.context)
        return CharacterCodec.fitted(train, self.unknown, self.context)

    def check_window(self, name: str, part: list[range]) -> None:
        """Raises DataError when a part does not hold one whole window."""
        if (longest := max(map(len, part))) < self.context:
            raise DataError(
                f"the {name} part has {longest:,} {self.codec}{' in a row' if len(part) > 1 else ''}, "
                f"fewer than data.context={self.context}: "
                f"lower data.context, give more text or change data.{'fraction' if name == 'training' else name}"
            )


def joined(text: str | bytes, stretches: list[range]) -> str | bytes:
    return text[:0].join(text[stretch.start : stretch.stop] for stretch in stretches)


def characters(name: str, content: bytes) -> str:
    """Raises DataError where the content is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not UTF-8: byte {error.start:,} is {content[error.start]:#04x}; data.codec=bytes takes any file"
        ) from error


def unseen(codec: Codec, held_out: dict[str, Tensor]) -> list[str]:
    """A note for every held-out part with characters that became `unknown`."""
    counts = {name: int((codec.charge(x) > 0).sum()) for name, x in held_out.items()}
    return [
        f"{name}: {count:,} {'character' if count == 1 else 'characters'} of {len(held_out[name]):,} "
        f"never {'occurs' if count == 1 else 'occur'} in training"
        for name, count in counts.items()
        if count
    ]


class PyDocs(Text):
    """Python's own documentation, which comes with it: every topic's title and text, sorted by title.

    Its length differs from one version of Python to another; the checksum tells them apart.
    """

    def files(self) -> list[tuple[str, bytes]]:
        return [(title, f"{title}\n\n{body}\n\n".encode()) for title, body in sorted(topics.topics.items())]

    def paths(self) -> list[Path]:
        return [Path(topics.__file__)]


class Shakespeare(Text):
    """Tiny Shakespeare (Karpathy, 2015), whose test part is the last 10 % by convention."""

    url = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
    sha256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"

    def __init__(self, *, path: str | None, root: str, cache: str, **text):
        super().__init__(**text, test=0.1)
        self.path, self.root, self.cache = path, Path(root).expanduser(), Path(cache).expanduser()

    def files(self) -> list[tuple[str, bytes]]:
        [place] = self.paths()
        if self.path is None and not place.is_file():
            self.fetch(place)
        content = read(place)
        checked(place, self.sha256, "sha256")
        return [(str(place), content)]

    def paths(self) -> list[Path]:
        """The file under root or in the cache, where it is downloaded to when it is in neither."""
        if self.path is not None:
            return [Path(self.path).expanduser()]
        wanted = Path("text/tinyshakespeare.txt")
        return [self.root / wanted if (self.root / wanted).is_file() else self.cache / wanted]

    def fetch(self, cached: Path) -> None:
        with writing(self.cache, "shakespeare"):
            if not cached.is_file():  # another job may have had the lock before
                self.download(cached)

    def download(self, place: Path) -> None:
        try:
            keep(fetched(self.url), place, self.sha256)
        except NETWORK_ERRORS as error:
            wanted = [str(place.relative_to(self.cache))]
            raise unavailable("tiny Shakespeare", self.root, self.cache, wanted, error, "data=pydocs") from error


class TextFiles(Text):
    """The user's own files, in the order given."""

    def __init__(self, *, path: str | list[str], **text):
        super().__init__(**text)
        self.places = [Path(name).expanduser() for name in ([path] if isinstance(path, str) else path)]

    def files(self) -> list[tuple[str, bytes]]:
        files = [(str(path), read(path)) for path in self.places]
        if not any(content for _, content in files):
            verb = "is" if len(files) == 1 else "are"
            raise DataError(f"{', '.join(name for name, _ in files)} {verb} empty: give some text")
        return files

    def paths(self) -> list[Path]:
        return self.places


def read(path: Path) -> bytes:
    """Raises DataError when the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"the text file {path} cannot be read: {error.strerror}") from error
