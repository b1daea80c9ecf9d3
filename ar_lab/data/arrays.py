"""Arrays of the user's: what an .npz holds under the names that a source knows."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy.lib.npyio import NpzFile

from ar_lab.errors import DataError


def read_arrays(path: Path, kinds: dict[str, str]) -> dict[str, Shaped[np.ndarray, "..."]]:
    """The arrays of `kinds`, which says what each is to be saved as: the first must be there, the others may be.

    Raises:
        DataError: for a file that cannot be read, lacks the first array, or holds Python objects.
    """
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, NpzFile):
                raise DataError(f"{path} is a single array: save it with np.savez, by name")
            return _known(path, archive, kinds)
    except OSError as error:
        raise DataError(f"data.path={path} cannot be read: {error.strerror or error}") from error
    except (EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"data.path={path} is not a readable .npz: {error}") from error


def _known(path: Path, archive: NpzFile, kinds: dict[str, str]) -> dict[str, Shaped[np.ndarray, "..."]]:
    needed = next(iter(kinds))
    if needed not in archive:
        raise DataError(f"{path}: needs an array `{needed}`, holds {', '.join(archive.files) or 'none'}")
    arrays = {}
    for name in kinds:
        if name in archive:
            try:
                arrays[name] = archive[name]
            except ValueError as error:
                if "Object arrays" not in str(error):
                    raise
                raise DataError(f"{path}: {name} are Python objects: save them as {kinds[name]}") from error
    return arrays
