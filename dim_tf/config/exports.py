"""Settings of an export."""

import dataclasses
from typing import Literal

from dim_tf.config.constants import LARGEST_INPUT_MEGAPIXELS, SIZE_MULTIPLE
from dim_tf.config.fields import Checked, option
from dim_tf.config.inference import batch_norm_statistics, which_checkpoint
from dim_tf.system.errors import InputError


@dataclasses.dataclass(frozen=True)
class ExportConfig(Checked):
    """A network as a file for another runtime."""

    format: Literal["saved_model", "onnx", "litert"] = option(
        "onnx",
        "onnx: for onnxruntime and what else reads ONNX; litert: for LiteRT, as phones have it "
        "(.tflite); saved_model: for TensorFlow Serving, without this program",
    )
    checkpoint: str = which_checkpoint()
    out: str = option(
        "",
        "folder to make, with the file, README.md and example.py in it; left out: "
        "deep_image_matting_ and the format",
    )
    size: tuple[int, ...] = option(
        (),
        "height,width of the photos, or one number for a square, multiples of 32; left out: any. "
        "Accelerators of phones need it",
    )
    bn_eval: Literal["checkpoint", "moving", "batch"] = batch_norm_statistics()

    def __post_init__(self) -> None:
        super().__post_init__()
        given = f"--size={','.join(map(str, self.size))}"
        if len(self.size) > 2 or any(side < 1 or side % SIZE_MULTIPLE for side in self.size):
            raise InputError(
                f"{given} is not possible; give height,width in multiples of {SIZE_MULTIPLE}, such "
                "as --size=480,736, or one number for a square."
            )
        if self.size and self.size[0] * self.size[-1] > LARGEST_INPUT_MEGAPIXELS * 1e6:
            raise InputError(
                f"{given} is larger than any picture that is read; give at most "
                f"{int(LARGEST_INPUT_MEGAPIXELS)} megapixels, or leave it out for any size."
            )

    @property
    def height_and_width(self) -> tuple[int, int] | None:
        """The fixed size, or None where any will do."""
        return (self.size[0], self.size[-1]) if self.size else None
