"""The numbers of the network. No TensorFlow here: whatever else builds it takes them from here."""

import functools

from dim_tf.config import SIZE_MULTIPLE, NetworkConfig

# Channels of VGG16's five stages and the number of 3×3 convolutions in each.
ENCODER_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
# Channels of deconv6 and of the five decoder convolutions, from coarse to fine.
DECONV6_CHANNELS = 512
DECODER_CHANNELS = (512, 256, 128, 64, 64)
FC6 = {"7x7": (7, 4096), "3x3": (3, 512), "1x1": (1, 512)}
REFINEMENT_CHANNELS = 64
# The layer of the certainty. Its scale b begins at e^-2.5 = 0.08 everywhere, and is kept between
# these two logarithms: two thirds of a grey level, and more than alpha's whole range.
SCALE_LAYER = "pred_scale"
FIRST_LOG_SCALE, SMALLEST_LOG_SCALE, LARGEST_LOG_SCALE = -2.5, -6.0, 1.0

ENCODER_LAYERS = tuple(
    f"conv{stage}_{number}"
    for stage, (_, count) in enumerate(ENCODER_STAGES, start=1)
    for number in range(1, count + 1)
)


def channels_at(config: NetworkConfig, count: int) -> int:
    """Channels of a layer that has `count` of them at width 1."""
    return max(1, round(count * config.width))


def largest_kernels(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Shapes of two kernels by layer, the last of VGG16's and conv6_1.

    The network has about ten times as many weights as the two together, or fewer.
    """
    channels = functools.partial(channels_at, config)
    last = ENCODER_STAGES[-1][0]
    size, conv6_channels = FC6[config.fc6]
    return {
        ENCODER_LAYERS[-1]: (3, 3, channels(last), channels(last)),
        "conv6_1": (size, size, channels(last), channels(conv6_channels)),
    }


def receptive_radius(config: NetworkConfig) -> int:
    """How far apart, in pixels, a pixel of the photo and one whose alpha depends on it can be.

    Each convolution reaches (kernel − 1)/2 pixels of the size it runs at; a pooling, as far as its
    block. It does not hold where batch norm uses the statistics of the image.
    """
    strides = [2**stage for stage in range(len(ENCODER_STAGES))]
    encoder = sum(
        stride * count for stride, (_, count) in zip(strides, ENCODER_STAGES, strict=True)
    )
    pooling = SIZE_MULTIPLE - 1
    conv6 = SIZE_MULTIPLE * (FC6[config.fc6][0] // 2)
    decoder = 2 * sum(strides)
    deconvolution = 2 * sum(strides) if config.decoder == "deconv" else 0
    pred_alpha = 2
    refinement = 4 if config.refine else 0
    return encoder + pooling + conv6 + decoder + deconvolution + pred_alpha + refinement
