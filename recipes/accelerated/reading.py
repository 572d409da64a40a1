"""What this program says of a file that is missing, damaged or something else."""

import os

import numpy as np

from dim_tf.system.errors import InputError
from dim_tf.system.npz import UNREADABLE, read_npz


def read_or_refuse(
    path: str | os.PathLike, what: str, instead: str = "use another copy"
) -> dict[str, np.ndarray]:
    """Reads every array of an npz file, each only after its checksum has been verified.

    Args:
        path: of the file.
        what: it should be, for the error, such as "weights file".
        instead: what to do where it is damaged, for the error.

    Raises:
        InputError: there is no such file, or it is damaged or something else.
    """
    try:
        return read_npz(path)
    except FileNotFoundError:
        raise InputError(f"There is no {what} {path}; check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a {what}; give the file in it.") from None
    except UNREADABLE as error:
        raise InputError(f"{path} is damaged or no {what} ({error}); {instead}.") from None
