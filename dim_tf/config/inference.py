"""Settings of inference."""

import dataclasses
from typing import Any, Literal

from dim_tf.config.constants import LARGEST_INPUT_MEGAPIXELS, MAX_INPUT_MEGAPIXELS, MAX_PIXELS
from dim_tf.config.fields import Checked, option, part
from dim_tf.system.errors import InputError


def largest_input() -> Any:
    """A dataclass field for the largest picture that is read."""
    return option(
        MAX_INPUT_MEGAPIXELS,
        "largest picture that is read, in millions of pixels; larger ones are refused unread",
        above=0,
        at_most=LARGEST_INPUT_MEGAPIXELS,
    )


def which_checkpoint() -> Any:
    """A dataclass field for the weights."""
    return option("", "released weights (.npz) or a run folder; left out: the default")


def batch_norm_statistics() -> Any:
    """A dataclass field for what batch norm goes by."""
    return option(
        "checkpoint",
        "statistics of batch norm: the moving averages, the photo's own, or what the checkpoint "
        "says is better for it",
    )


@dataclasses.dataclass(frozen=True)
class ReadingConfig(Checked):
    """The photos, what says where their objects are, and how it is read."""

    rgb: str = option("", "photo: a file, a folder or a glob; left out: the shipped sample")
    alpha: str = option(
        "", "mask or rough matte to make the trimap from: file, folder or glob, paired by stem"
    )
    trimap: str = option(
        "", "trimap (0 background, 128 unknown, 255 foreground): file, folder or glob"
    )
    rect: str = option(
        "",
        "instead of a mask: x,y,width,height of a rectangle around the object, pixels, in which "
        "GrabCut looks for it; auto: the photo but for a small margin",
    )
    trimap_kernel: int | Literal["auto"] = option(
        "auto",
        "how wide the unknown band is that is made around a mask's edge: the side of the kernel, "
        "pixels; auto: wider around larger objects, and thin parts and gaps keep their middle",
        at_least=1,
        at_most=10_000,
    )
    trimap_mode: Literal["dilate_erode", "dilate"] = option(
        "dilate_erode", "grow the unknown region to both sides of the mask's edge, or outwards only"
    )
    invert: Literal["auto", "yes", "no"] = option(
        "auto",
        "whether the object is black in the mask or trimap; auto: where it is white along its "
        "whole border and black inside",
    )
    label: tuple[str, ...] = option(
        (),
        "which labels of --alpha are the object, where it is a mask of numbered or coloured "
        "classes, such as 1 or 1,3 or the colour c08080",
    )
    mask_orientation: Literal["auto", "as_photo", "as_stored"] = option(
        "auto",
        "how a mask or trimap lies on a photo that EXIF turns: turned like it, or as it is stored; "
        "auto: as tags and sizes say, and where they do not, as the edges of both lie",
    )
    max_input_megapixels: float = largest_input()


@dataclasses.dataclass(frozen=True)
class MattingConfig(Checked):
    """From a photo and its trimap to a matte."""

    checkpoint: str = which_checkpoint()
    bn_eval: Literal["checkpoint", "moving", "batch"] = batch_norm_statistics()
    post_process: Literal["affinity", "none"] = option(
        "affinity",
        "affinity: sharpen the network's matte by the photo's colours (closed-form matting and "
        "mixtures of like colours), which takes about a third of a second per 100,000 unknown "
        "pixels; weights with certainty first see a large photo a second time, reduced; none: as "
        "the network says",
    )
    size: int = option(
        0,
        "squash the photo to a square of this side first, as the original did; 0: its own size",
        at_least=0,
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto",
        "of the convolutions; auto: bfloat16 where the processor has instructions for it (faster, "
        "the matte differs by a grey level here and there), otherwise float32",
    )
    runtime: Literal["tensorflow", "onnx"] = option(
        "tensorflow",
        "what computes the network; onnx: onnxruntime, in float32, which starts in a tenth of a "
        "second where TensorFlow takes seconds",
    )
    max_pixels: int = option(
        MAX_PIXELS,
        "largest photo for one pass, in pixels; memory grows by about 1.2 kB for each at full "
        "width. A larger one goes through in overlapping tiles, with the same result; with "
        "--bn_eval=batch it is refused",
        at_least=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size**2 > self.max_pixels:
            raise InputError(
                f"--size={self.size} is not possible; give 0 for the photo's own size, or a side "
                f"whose square is at most --max_pixels={self.max_pixels}."
            )


@dataclasses.dataclass(frozen=True)
class WritingConfig(Checked):
    """What is written of a matte, and where to."""

    output: str = option(
        "",
        "matte to write: a name ending in .png, or a folder that gets one PNG per photo; left out: "
        "alpha.png, or the folder mattes with several photos; cutout and measure: none",
    )
    write_matte: bool = option(
        True, "--nowrite_matte writes only what else is named, such as the cut-out"
    )
    side_by_side: str = option(
        "",
        "picture of photo, trimap, matte and composite to write: a name ending in .png, or a "
        "folder; left out: none (the demo writes one beside its matte)",
    )
    cutout: str = option(
        "",
        "cut-out to write, RGBA with the object's own colours at its edge: a name ending in .png, "
        "or a folder",
    )
    background: str = option(
        "",
        "put the cut-out on this: a colour (white, '#20a050') or a picture",
    )
    composite: str = option(
        "",
        "where --background's result goes: a name ending in .png, or a folder; left out: beside "
        "the matte; cutout: beside the cut-out",
    )
    save_trimap: str = option(
        "",
        "trimap to write, as the network sees it: a name ending in .png, or a folder; left out: "
        "none",
    )
    save_certainty: str = option(
        "",
        "picture of how sure the network is to write, of its matte at the photo's own size, white "
        "where it is: a name ending in .png, or a folder; left out: none",
    )
    bits: Literal["8", "16"] = option(
        "8", "bits of the matte, and per channel of cut-out and composite"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.composite and not self.background:
            raise InputError("--composite needs --background, a colour or a picture.")


@dataclasses.dataclass(frozen=True)
class MeasuringConfig(Checked):
    """What mattes are compared with, and the report."""

    gt: str = option(
        "",
        "true mattes, 0 to 255: file, folder or glob, paired by stem; prints the errors of the "
        "mattes, rounded to 8 bits, and writes --report",
    )
    predictions: str = option(
        "",
        "measure these mattes of another tool against --gt instead of predicting: file, folder or "
        "glob; needs no checkpoint, and --rgb only to show the photos on the sheets",
    )
    report: str = option(
        "report", "with --gt: folder for metrics.csv, metrics.json and sheets, the worst first"
    )
    sheets: int = option(
        50, "side-by-side sheets in the report, of the mattes with the largest SAD", at_least=0
    )
    region: Literal["unknown", "whole"] = option(
        "unknown",
        "pixels that the errors are taken over: those unknown in the trimap, as in the "
        "literature, or the whole image",
    )


@dataclasses.dataclass(frozen=True)
class InferenceConfig(Checked):
    """From photos and their trimaps or masks to mattes on disk, and how good they are."""

    reading: ReadingConfig = part(ReadingConfig)
    matting: MattingConfig = part(MattingConfig)
    writing: WritingConfig = part(WritingConfig)
    measuring: MeasuringConfig = part(MeasuringConfig)
    only_missing: bool = option(
        False,
        "pass over photos whose files are all there already, as of a folder that was interrupted; "
        "else they are made anew",
    )
