"""The network of Deep Image Matting (paper, section 3; the original's matting_unpool.py)."""

import functools
from collections.abc import Callable
from typing import Literal

import keras
import tensorflow as tf

from dim_tf.config import NetworkConfig
from dim_tf.model.architecture import (
    DECODER_CHANNELS,
    DECODER_KERNEL,
    DECONV6_CHANNELS,
    DECONVOLUTION_KERNEL,
    ENCODER_KERNEL,
    ENCODER_STAGES,
    FC6,
    FIRST_LOG_SCALE,
    LARGEST_LOG_SCALE,
    REFINEMENT_CHANNELS,
    REFINEMENT_KERNEL,
    SCALE_LAYER,
    SMALLEST_LOG_SCALE,
    channels_at,
    refinement_scaling,
)
from dim_tf.model.convolution import convolve
from dim_tf.model.layers import (
    Convolution,
    ConvolutionBatchNorm,
    MaxPoolWithArgmax,
    NormalizeInput,
    TransposedConvolution,
    Unpool,
)


def build_network(
    config: NetworkConfig,
    *,
    precision: Literal["float32", "bfloat16"] = "float32",
    inference_statistics: Literal["moving", "batch"] | None = None,
    for_training: bool = True,
) -> keras.Model:
    """Builds the network with random weights, or with zeros for those that it is to be given.

    The layers carry the original's names (conv1_1 … conv6_1, deconv6 … deconv1_2, pred_alpha),
    `refine_1` … `refine_4` for the paper's refinement stage, and `pred_scale` for the certainty.

    Args:
        config: what to build.
        precision: of the convolutions; variables, batch norm statistics and the last convolution
            stay in float32.
        for_training: False keeps the kernels in `precision` as well, which saves a cast of every
            weight in every pass and changes no result. They are zeros: random ones would be drawn
            from Python's and Keras' own streams, of which the caller may make something.
        inference_statistics: what batch norm normalises with outside training; the config's
            choice where it is None.

    Returns:
        A model from [B, H, W, 4] float32, the photo in grey levels minus `IMAGE_MEAN_RGB` and the
        trimap in {0, 128, 255}, H and W multiples of 32, to alpha, [B, H, W, 1] float32 in [0, 1]
        (the refinement stage may leave that range by a little; `predict` clips). With
        `config.certainty` to [B, H, W, 2] float32, which `alpha_and_log_scale` takes apart.
    """
    statistics = inference_statistics or config.bn_eval
    policy = keras.dtype_policies.DTypePolicy(
        ("mixed_bfloat16" if for_training else "bfloat16") if precision == "bfloat16" else "float32"
    )

    channels = functools.partial(channels_at, config)
    he_normal, glorot = ("he_normal", "glorot_uniform") if for_training else ("zeros", "zeros")
    begun = {"kernel_initializer": glorot, "dtype": policy}

    def convolution(x: tf.Tensor, count: int, size: int, name: str) -> tf.Tensor:
        return Convolution(
            channels(count), size, kernel_initializer=he_normal, dtype=policy, name=name
        )(x)

    def decoder_convolution(x: tf.Tensor, count: int, size: int, name: str) -> tf.Tensor:
        if not config.batch_norm:
            return Convolution(channels(count), size, name=name, **begun)(x)
        return ConvolutionBatchNorm(
            channels(count), size, inference_statistics=statistics, name=name, **begun
        )(x)

    def double_by_deconvolution(x: tf.Tensor, name: str) -> tf.Tensor:
        # The original's matting_deconv.py: 3×3, stride 2, channels unchanged.
        if not config.batch_norm:
            return TransposedConvolution(x.shape[-1], DECONVOLUTION_KERNEL, name=name, **begun)(x)
        return ConvolutionBatchNorm(
            x.shape[-1],
            DECONVOLUTION_KERNEL,
            transposed=True,
            inference_statistics=statistics,
            name=name,
            **begun,
        )(x)

    # Each with its own type: that of the user's keras.json may be another.
    inputs = keras.Input((None, None, 4), dtype="float32", name="image_and_trimap")
    x = inputs
    if config.normalize_input:
        x = NormalizeInput(dtype="float32", name="normalize_input")(inputs)
    network_input = x

    masks, features = [], []
    for stage, (count, convolutions) in enumerate(ENCODER_STAGES, start=1):
        for number in range(1, convolutions + 1):
            x = convolution(x, count, ENCODER_KERNEL, f"conv{stage}_{number}")
        features.append(x)
        x, mask = MaxPoolWithArgmax(dtype=policy, name=f"pool{stage}")(x)
        masks.append(mask)

    fc6_size, fc6_channels = FC6[config.fc6]
    x = convolution(x, fc6_channels, fc6_size, "conv6_1")
    x = decoder_convolution(x, DECONV6_CHANNELS, 1, "deconv6")

    for stage, count in zip(range(5, 0, -1), DECODER_CHANNELS, strict=True):
        if config.decoder == "unpool":
            x = Unpool(dtype=policy, name=f"deconv{stage}_1")([x, masks[stage - 1]])
        else:
            x = double_by_deconvolution(x, f"deconv{stage}_1")
        if config.skip:
            x = keras.layers.Add(dtype=policy, name=f"skip{stage}")([x, features[stage - 1]])
        x = decoder_convolution(x, count, DECODER_KERNEL, f"deconv{stage}_2")

    # float32 from here: a sigmoid in bfloat16 has steps of half a grey level and more.
    alpha = Convolution(
        1,
        DECODER_KERNEL,
        activation=None,
        kernel_initializer=glorot,
        dtype="float32",
        name="pred_alpha",
    )(x)
    alpha = keras.layers.Activation("sigmoid", dtype="float32", name="alpha")(alpha)
    log_scale = _log_scale(x) if config.certainty else None
    if config.refine:
        refined = channels(REFINEMENT_CHANNELS)
        alpha = _refine(network_input, alpha, config, refined, he_normal, policy)
    return keras.Model(inputs, _output_of(alpha, log_scale), name="deep_image_matting")


def _log_scale(features: tf.Tensor) -> tf.Tensor:
    """Log b of every pixel from what pred_alpha reads, which does not feel it."""
    return Convolution(
        1,
        DECODER_KERNEL,
        activation=None,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(FIRST_LOG_SCALE),
        dtype="float32",
        name=SCALE_LAYER,
    )(keras.ops.stop_gradient(features))


def _output_of(alpha: tf.Tensor, log_scale: tf.Tensor | None) -> tf.Tensor:
    if log_scale is None:
        return alpha
    return keras.layers.Concatenate(dtype="float32", name="alpha_and_log_scale")([alpha, log_scale])


def alpha_and_log_scale(output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
    """What a network's output says.

    Args:
        output: [..., 1] or [..., 2] float32.

    Returns:
        Alpha, [..., 1], and the logarithm of b, [..., 1], or None of a network without certainty.
        b is the scale of a Laplace distribution around alpha: the mean of |alpha - truth|.
    """
    if output.shape[-1] == 1:
        return output, None
    return output[..., :1], tf.clip_by_value(output[..., 1:], SMALLEST_LOG_SCALE, LARGEST_LOG_SCALE)


def _refine(
    network_input: tf.Tensor,
    alpha: tf.Tensor,
    config: NetworkConfig,
    channels: int,
    kernel_initializer: str,
    policy: keras.dtype_policies.DTypePolicy,
) -> tf.Tensor:
    """The refinement stage (paper, section 3.3): a correction added to the first stage's alpha.

    It starts at zero correction, so that adding the stage to a trained network changes nothing.
    """
    scale, offset = refinement_scaling(config)
    alpha_input = keras.layers.Rescaling(scale, offset, dtype="float32", name="refine_alpha")(alpha)
    x = keras.layers.Concatenate(dtype="float32", name="refine_input")(
        [network_input[..., :3], alpha_input]
    )
    for number in range(1, 4):
        x = Convolution(
            channels,
            REFINEMENT_KERNEL,
            kernel_initializer=kernel_initializer,
            dtype=policy,
            name=f"refine_{number}",
        )(x)
    correction = Convolution(
        1,
        REFINEMENT_KERNEL,
        activation=None,
        kernel_initializer="zeros",
        dtype="float32",
        name="refine_4",
    )(x)
    return keras.layers.Add(dtype="float32", name="refined_alpha")([alpha, correction])


def first_stage(network: keras.Model) -> keras.Model:
    """The same network without its refinement stage, sharing every weight."""
    has_scale = any(layer.name == SCALE_LAYER for layer in network.layers)
    log_scale = network.get_layer(SCALE_LAYER).output if has_scale else None
    return keras.Model(network.input, _output_of(network.get_layer("alpha").output, log_scale))


def with_joined_heads(network: keras.Model) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """The network as a function in which alpha's last convolution and log b's are one.

    Both see the same features. oneDNN computes sixteen channels at once, whether one is wanted or
    all, so that one convolution for both saves a tenth of a pass at half width. Its values are the
    same to the last bit.

    Args:
        network: from `build_network`.

    Returns:
        From what the network takes to what it gives; None of a network without certainty, or with
        the refinement stage between the two.
    """
    names = {layer.name for layer in network.layers}
    if SCALE_LAYER not in names or "refined_alpha" in names:
        return None
    heads = [network.get_layer(name) for name in ("pred_alpha", SCALE_LAYER)]
    features = keras.Model(network.input, heads[0].input)

    def joined(inputs: tf.Tensor) -> tf.Tensor:
        seen = tf.cast(features(inputs, training=False), tf.float32)
        kernel = tf.concat([head.kernel for head in heads], axis=-1)
        biases = tf.concat([head.biases for head in heads], axis=-1)
        both = tf.nn.bias_add(convolve(seen, kernel), biases)
        return tf.concat([tf.sigmoid(both[..., :1]), both[..., 1:]], axis=-1)

    return joined
