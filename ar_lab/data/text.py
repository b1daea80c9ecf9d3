"""Text: Python's documentation, tiny Shakespeare, or the user's files, split into contiguous blocks."""

import hashlib
from abc import abstractmethod
from pathlib import Path
from pydoc_data.topics import topics

from torch import Tensor

from ar_lab.codecs.base import Codec
from ar_lab.codecs.text import ByteCodec, CharacterCodec
from ar_lab.data.download import NETWORK_ERRORS, checked, fetched, keep, unavailable, writing
from ar_lab.data.parts import Parts, Source
from ar_lab.data.splits import contiguous
from ar_lab.errors import ConfigError, DataError


class Text(Source):
    """Files one after another as one stream, cut into three blocks of characters or bytes: training first, test last.

    The alphabet is that of the training block after `fraction` has shortened it.
    """

    def __init__(
        self, *, codec: str, unknown: bool, context: int, validation: float, fraction: float, test: float = 0.1
    ):
        if codec not in ("characters", "bytes"):
            raise ConfigError(f"data.codec={codec}: must be characters or bytes")
        self.codec, self.unknown, self.context = codec, unknown, context
        self.validation, self.fraction, self.test = validation, fraction, test

    @abstractmethod
    def files(self) -> list[tuple[str, bytes]]:
        """The name and content of every file."""

    def load(self) -> Parts:
        files = self.files()
        if self.codec == "bytes":
            text = b"".join(content for _, content in files)
        else:
            text = "".join(characters(name, content) for name, content in files)
        train, validation, test = contiguous(
            len(text), test=self.test, validation=self.validation, fraction=self.fraction
        )
        codec = self.fit(text[train])
        self.check_window("training", text[train])
        if self.validation:
            self.check_window("validation", text[validation])
        held_out = {"validation": codec.encode(text[validation]), "test": codec.encode(text[test])}
        checksum = hashlib.sha256(b"".join(content for _, content in files)).hexdigest()
        return Parts(codec, codec.encode(text[train]), **held_out, checksum=checksum, notes=unseen(codec, held_out))

    def fit(self, train: str | bytes) -> Codec:
        if self.codec == "bytes":
            return ByteCodec(self.context)
        return CharacterCodec.fitted(train, self.unknown, self.context)

    def check_window(self, name: str, block: str | bytes) -> None:
        """Raises DataError when a part does not hold one whole window."""
        if len(block) < self.context:
            raise DataError(
                f"the {name} part has {len(block):,} {self.codec}, fewer than data.context={self.context}: "
                f"lower data.context, give more text or change data.{'fraction' if name == 'training' else name}"
            )


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
        return [(title, f"{title}\n\n{body}\n\n".encode()) for title, body in sorted(topics.items())]


class Shakespeare(Text):
    """Tiny Shakespeare (Karpathy, 2015), whose test part is the last 10 % by convention."""

    url = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
    sha256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"

    def __init__(self, *, path: str | None, root: str, cache: str, **text):
        super().__init__(**text, test=0.1)
        self.path, self.root, self.cache = path, Path(root).expanduser(), Path(cache).expanduser()

    def files(self) -> list[tuple[str, bytes]]:
        place = Path(self.path).expanduser() if self.path else self.locate(Path("text/tinyshakespeare.txt"))
        content = read(place)
        checked(place, self.sha256, "sha256")
        return [(str(place), content)]

    def locate(self, wanted: Path) -> Path:
        """The file under root or in the cache, where it is downloaded to when it is in neither."""
        if (self.root / wanted).is_file():
            return self.root / wanted
        cached = self.cache / wanted
        if not cached.is_file():
            with writing(self.cache, "shakespeare"):
                if not cached.is_file():  # another job may have had the lock before
                    self.download(cached)
        return cached

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
        self.paths = [Path(name).expanduser() for name in ([path] if isinstance(path, str) else path)]

    def files(self) -> list[tuple[str, bytes]]:
        files = [(str(path), read(path)) for path in self.paths]
        if not any(content for _, content in files):
            verb = "is" if len(files) == 1 else "are"
            raise DataError(f"{', '.join(name for name, _ in files)} {verb} empty: give some text")
        return files


def read(path: Path) -> bytes:
    """Raises DataError when the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"the text file {path} cannot be read: {error.strerror}") from error
