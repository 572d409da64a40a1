"""What is refused before a file is looked at, or before it is decoded."""

from numbers import Real
from pathlib import Path

from dim_tf.config import python_number
from dim_tf.system.errors import InputError
from dim_tf.system.files import is_name


def refuse_no_name(given: object, role: str = "picture") -> None:
    """Refuses what names no file, and the empty name, which would be that of the folder.

    Args:
        given: by a library caller.
        role: what it is meant to be, for the error.

    Raises:
        InputError: it is of another type than text and paths, or empty.
    """
    if not is_name(given):
        raise InputError(
            f"The {role} is of type {type(given).__name__}, which is no name of a file; give text "
            "or a pathlib.Path."
        )
    if given == "":
        raise InputError(f"The {role} has an empty name; give that of a file.")


class TooManyPixelsError(InputError):
    """A picture with more pixels than may be decoded."""


def refuse_too_large(path: Path, size: tuple[int, int], max_megapixels: float) -> None:
    """Refuses a picture of so many pixels, width and height, by what its file says of itself.

    Raises:
        TooManyPixelsError: it has more than so many megapixels.
        InputError: of a library caller, these are no number above 0.
    """
    is_number = isinstance(max_megapixels, Real) and not isinstance(max_megapixels, bool)
    if not is_number or not max_megapixels > 0:  # as NaN is not
        raise InputError(
            f"--max_input_megapixels={python_number(max_megapixels)!r} is not possible; give a "
            "number above 0."
        )
    width, height = size
    if width * height > max_megapixels * 1e6:
        raise TooManyPixelsError(
            f"{path} claims {width}×{height} pixels, more than {max_megapixels:g} megapixels; "
            "make it smaller (dim-tf matte can raise the limit: --max_input_megapixels)."
        )
