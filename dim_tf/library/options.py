"""Keyword arguments of the library: the command's settings by its names, as configs."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from dim_tf.config import (
    MattingConfig,
    ReadingConfig,
    WritingConfig,
    config_from_values,
    python_number,
    values_of,
)
from dim_tf.model.checkpoint_choice import checkpoint_text
from dim_tf.pictures.mask import LabelLike, label_names
from dim_tf.system.errors import InputError

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

# A file, an array, or a picture that Pillow has.
PictureLike = str | os.PathLike[str] | npt.NDArray[Any] | Image.Image
# x, y, width and height, pixels; or "auto".
RectangleLike = tuple[int, int, int, int] | str


class ReadingOptions(TypedDict, total=False):
    """How pictures are read and a mask becomes a trimap; defaults and meanings: `ReadingConfig`."""

    trimap_kernel: int | Literal["auto"]
    trimap_mode: Literal["dilate_erode", "dilate"]
    invert: Literal["auto", "yes", "no"]
    label: LabelLike
    mask_orientation: Literal["auto", "as_photo", "as_stored"]
    max_input_megapixels: float


class MattingOptions(ReadingOptions, total=False):
    """How a matte is made as well; defaults and meanings: `MattingConfig` and `WritingConfig`."""

    checkpoint: str | os.PathLike[str]
    bn_eval: Literal["checkpoint", "moving", "batch"]
    post_process: Literal["affinity", "none"]
    size: int
    precision: Literal["auto", "float32", "bfloat16"]
    runtime: Literal["tensorflow", "onnx"]
    max_pixels: int
    bits: Literal[8, 16]
    model: "MattingModel"


# What is decided when a model is loaded.
_OF_THE_MODEL = ("checkpoint", "bn_eval", "post_process", "precision", "runtime")

Config = TypeVar("Config")


class Settings(NamedTuple):
    """What the keyword arguments of a call say.

    Attributes:
        reading: what is given and how it is read.
        matting: how a matte is made.
        bits: of the matte, and of each channel of a cut-out.
        model: the caller's own, or None.
    """

    reading: ReadingConfig
    matting: MattingConfig
    bits: Literal["8", "16"]
    model: "MattingModel | None"


def settings_of(
    function: str,
    taken: type,
    options: Mapping[str, Any],
    *,
    mask: Any,
    trimap: Any,
    rectangle: RectangleLike | None,
) -> Settings:
    """The settings of a call.

    Args:
        function: its name, for the error.
        taken: the options that it takes, `ReadingOptions` or `MattingOptions`.
        options: those that were given.
        mask: of which only matters whether it is None.
        trimap: the same.
        rectangle: around the object, or None.

    Raises:
        InputError: a value that is not possible, or a setting that the caller's model has already.
        TypeError: an option that the function does not take.
    """
    for name in options:
        if name not in taken.__annotations__:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    values = {name: python_number(value) for name, value in options.items()}
    model = values.pop("model", None)
    if model is not None:
        if not callable(getattr(model, "predict_alpha", None)) or isinstance(model, type):
            raise InputError(
                "model= is what dim_tf.load_model returned; give that, or checkpoint=."
            )
        for name in _OF_THE_MODEL:
            if name in values:
                raise InputError(
                    f"A model has its {name} from when it was loaded; leave {name} out, or model."
                )
    if "checkpoint" in values:
        values["checkpoint"] = checkpoint_text(values["checkpoint"])
    if "label" in values:
        values["label"] = label_names(values["label"])
    if "bits" in values:
        values["bits"] = str(values["bits"])
    values["alpha"] = "" if mask is None else "mask"
    values["trimap"] = "" if trimap is None else "trimap"
    values["rect"] = _rectangle_text(rectangle)
    return Settings(
        _config(ReadingConfig, values),
        _config(MattingConfig, values),
        _config(WritingConfig, values).bits,
        model,
    )


def _config(config_class: type[Config], values: Mapping[str, Any]) -> Config:
    names = values_of(config_class()).keys() & values.keys()
    return config_from_values(config_class, {name: values[name] for name in names})


def _rectangle_text(rectangle: RectangleLike | None) -> str:
    """As --rect has it."""
    if rectangle is None or isinstance(rectangle, str):
        return rectangle or ""
    try:
        numbers = np.asarray(rectangle).tolist()  # a tensor as well
    except Exception:  # whatever a library makes of what is no array
        numbers = None
    if not isinstance(numbers, list) or not all(isinstance(side, int | float) for side in numbers):
        raise InputError(
            f'rectangle={rectangle!r} is none; give (x, y, width, height) in pixels, or "auto".'
        )
    return ",".join(map(str, numbers))
