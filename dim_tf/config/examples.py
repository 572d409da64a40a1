"""How training examples are made."""

import dataclasses
from typing import Literal

from dim_tf.config.constants import SIZE_MULTIPLE
from dim_tf.config.fields import Checked, option, probability
from dim_tf.system.errors import InputError


@dataclasses.dataclass(frozen=True)
class ExampleConfig(Checked):
    """How a training example is made from a matte, its colours and a background."""

    trimap_mode: Literal["dilate_erode", "dilate"] = option(
        "dilate_erode",
        "how the unknown region grows out of the matte's edge: in both directions (the "
        "original's last code) or outwards only (the blog)",
    )
    trimap_kernels: Literal["same", "independent"] = option(
        "same",
        "with dilate_erode: one kernel for both directions (the original), or one drawn for each, "
        "so that the matte's edge is not always in the middle of the unknown region",
    )
    trimap_kernel_min: int = option(
        20, "smallest side of the trimap's square kernel, pixels", at_least=1
    )
    trimap_kernel_max: int = option(
        39, "largest side of the trimap's square kernel, pixels", at_least=1
    )
    crop_sizes: tuple[int, ...] = option((320, 480, 640), "crop sides to choose from, pixels")
    crop_safety: Literal["manifest", "center", "pull_back"] = option(
        "manifest",
        "a crop that would leave the canvas: center draws crop centres only where none does, "
        "pull_back moves the crop inside; manifest: as the dataset was made for",
    )
    input_size: int = option(320, "side of the example after resizing, pixels")
    composite: Literal["after_resize", "before_resize"] = option(
        "after_resize",
        "when the photo is composited; before_resize lets the ground truth drift (an ablation)",
    )
    foreground: Literal["eps", "premultiplied"] = option(
        "eps",
        "foreground colours: eps as in equation (1), or eps multiplied by alpha once more "
        "(the original's bug)",
    )
    quarter_turns: bool = option(False, "turn examples by 0, 90, 180 or 270 degrees")
    colour_change: float = probability(
        "probability of another contrast, brightness, tint and gamma, drawn apart for foreground "
        "and background"
    )
    similar_background: float = probability(
        "probability that the background's colours are moved toward the foreground's"
    )
    plain_background: float = probability(
        "probability of a wall or sheet of one colour with the object's shadow instead of the "
        "background photograph, as behind products"
    )
    background_blur: float = probability("probability of a background out of focus")
    edge_blur: float = probability(
        "probability of edges as soft as a lens makes them, also where the matte's are sharp"
    )
    noise: float = probability("probability of noise in the photo")
    jpeg: float = probability("probability of JPEG compression of the photo")
    unknown_patches: float = probability(
        "probability that the trimap is unknown in patches of any place as well, where all may be "
        "object or all background"
    )
    hard_list: str = option(
        "", "text file with one foreground name per line: train on these only (hard mode)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trimap_kernel_min > self.trimap_kernel_max:
            raise InputError(
                f"The trimap kernel range {self.trimap_kernel_min}…{self.trimap_kernel_max} is "
                "empty; give a --trimap_kernel_max that is at least --trimap_kernel_min."
            )
        if not self.crop_sizes or min(self.crop_sizes) < 1:
            raise InputError("--crop_sizes needs at least one positive side, e.g. 320,480,640.")
        if self.input_size < SIZE_MULTIPLE or self.input_size % SIZE_MULTIPLE:
            raise InputError(
                f"--input_size={self.input_size} is not possible; the network needs a multiple of "
                f"{SIZE_MULTIPLE}."
            )
