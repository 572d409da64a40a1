"""What the network is."""

import dataclasses
from typing import Literal

from dim_tf.config.fields import Checked, option


@dataclasses.dataclass(frozen=True)
class NetworkConfig(Checked):
    """What the network is. Stored with every checkpoint, so that weights never meet a stranger."""

    width: float = option(
        1.0, "multiplier on every channel count; 1 is the paper's network", above=0, at_most=4
    )
    fc6: Literal["7x7", "3x3", "1x1"] = option(
        "7x7",
        "kernel of conv6_1: 7x7 with 4096 channels is the original (103 M weights); "
        "3x3 and 1x1 have 512 channels",
    )
    decoder: Literal["unpool", "deconv"] = option(
        "unpool", "unpool: argmax unpooling (the paper); deconv: strided transposed convolutions"
    )
    batch_norm: bool = option(True, "batch norm after each decoder convolution")
    skip: bool = option(
        False, "add the encoder's feature before each pooling to the unpooled map of that size"
    )
    refine: bool = option(False, "add the paper's refinement stage (section 3.3)")
    certainty: bool = option(
        False,
        "add a second output that says how far off alpha may be at each pixel; alpha is learned as "
        "without it",
    )
    normalize_input: bool = option(
        False,
        "feed (RGB - mean) / 64 and (trimap - 128) / 64 instead of the original's raw ranges; "
        "--normalize_vgg turns it on",
    )
    bn_eval: Literal["moving", "batch"] = option(
        "moving",
        "statistics of batch norm outside training: the moving averages, or the image's own",
    )
