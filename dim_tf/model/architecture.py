"""The numbers of the network. No TensorFlow here: whatever else builds it takes them from here."""

import functools

from dim_tf.config import NORMALIZED_INPUT_DIVISOR, SIZE_MULTIPLE, UNKNOWN, NetworkConfig

# Sides of the kernels: of the encoder, of the decoder and of what predicts from its features, of
# the transposed convolutions of the deconv decoder, and of the refinement stage.
ENCODER_KERNEL, DECODER_KERNEL, DECONVOLUTION_KERNEL, REFINEMENT_KERNEL = 3, 5, 3, 3
# Channels of VGG16's five stages and the number of convolutions in each.
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
        ENCODER_LAYERS[-1]: (ENCODER_KERNEL, ENCODER_KERNEL, channels(last), channels(last)),
        "conv6_1": (size, size, channels(last), channels(conv6_channels)),
    }


def receptive_radius(config: NetworkConfig) -> int:
    """How far apart, in pixels, a pixel of the photo and one whose alpha depends on it can be.

    Each convolution reaches (kernel − 1)/2 pixels of the size it runs at; a pooling, as far as its
    block. It does not hold where batch norm uses the statistics of the image.
    """
    strides = [2**stage for stage in range(len(ENCODER_STAGES))]
    radius = SIZE_MULTIPLE - 1  # of the poolings
    for stride, (_, count) in zip(strides, ENCODER_STAGES, strict=True):
        radius += stride * count * (ENCODER_KERNEL // 2)
        radius += stride * (DECODER_KERNEL // 2)
        if config.decoder == "deconv":
            radius += 2 * stride * (DECONVOLUTION_KERNEL // 2)
    radius += SIZE_MULTIPLE * (FC6[config.fc6][0] // 2)
    radius += DECODER_KERNEL // 2  # of pred_alpha
    if config.refine:
        radius += 4 * (REFINEMENT_KERNEL // 2)  # refine_1 … refine_4
    return radius


def refinement_scaling(config: NetworkConfig) -> tuple[float, float]:
    """What the refinement stage's alpha is multiplied by, and what is added then.

    So it lies beside the photo as the trimap lies beside it in the network's input.
    """
    if config.normalize_input:
        return 255.0 / NORMALIZED_INPUT_DIVISOR, -UNKNOWN / NORMALIZED_INPUT_DIVISOR
    return 255.0, 0.0  # the paper: alpha scaled to 0…255 beside the photo
