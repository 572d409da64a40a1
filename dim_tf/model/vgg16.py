"""Initial weights of the encoder from ImageNet VGG16 (the original's loading code)."""

import keras
import numpy as np

from dim_tf.config import NORMALIZED_INPUT_DIVISOR
from dim_tf.model.architecture import ENCODER_LAYERS, ENCODER_STAGES
from dim_tf.model.layers import Convolution
from dim_tf.system.errors import InputError
from dim_tf.system.npz import UNREADABLE, read_npz

KERAS_SOURCE = "keras"
_FC6_SHAPE = (7, 7, 512, 4096)
# Arrays of Davi Frossard's file that the network has no use for.
_UNUSED = {"fc7_W", "fc7_b", "fc8_W", "fc8_b"}


def _expected_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    channels_in = 3
    for name in ENCODER_LAYERS:
        channels = ENCODER_STAGES[int(name[4]) - 1][0]
        shapes[f"{name}_W"] = (3, 3, channels_in, channels)
        shapes[f"{name}_b"] = (channels,)
        channels_in = channels
    return shapes


def read_vgg16(source: str) -> dict[str, np.ndarray]:
    """Reads VGG16 weights for RGB input.

    Args:
        source: path of an npz file with the keys of Davi Frossard's vgg16_weights.npz (conv1_1_W,
            conv1_1_b, …; fc6_W, fc6_b optional), or "keras" for the weights of
            `keras.applications`, downloaded on first use.

    Returns:
        float32 arrays by key; fc6_W as [7, 7, 512, 4096].

    Raises:
        InputError: the file cannot be read, or an array is missing, unknown, misshapen or not of
            finite numbers.
    """
    if source == KERAS_SOURCE:
        return _read_keras()
    try:
        arrays = read_npz(source)
    except FileNotFoundError:
        raise InputError(
            f"--vgg_weights={source} does not exist; check the path, or give --vgg_weights=keras, "
            "which downloads the same weights."
        ) from None
    except UNREADABLE as error:
        raise InputError(f"--vgg_weights={source} is not a readable npz file: {error}.") from None
    return _checked(arrays, source)


def _checked(arrays: dict[str, np.ndarray], source: str) -> dict[str, np.ndarray]:
    shapes = _expected_shapes()
    arrays = {key: array for key, array in arrays.items() if key not in _UNUSED}
    if "fc6_W" in arrays or "fc6_b" in arrays:
        shapes |= {"fc6_W": _FC6_SHAPE, "fc6_b": _FC6_SHAPE[-1:]}
        if arrays.get("fc6_W", np.empty(0)).shape == (np.prod(_FC6_SHAPE[:3]), _FC6_SHAPE[3]):
            arrays["fc6_W"] = arrays["fc6_W"].reshape(_FC6_SHAPE)
    wrong = [f"{key} is missing" for key in shapes if key not in arrays]
    wrong += [f"{key} is unknown" for key in arrays if key not in shapes]
    wrong += [
        f"{key} has shape {arrays[key].shape} instead of {shape}"
        for key, shape in shapes.items()
        if key in arrays and arrays[key].shape != shape
    ]
    if not wrong:
        kept = {key: _as_float32(array) for key, array in arrays.items()}
        wrong = [f"{key} is not of finite numbers" for key in kept if kept[key] is None]
    if wrong:
        raise InputError(f"--vgg_weights={source} does not hold VGG16: {'; '.join(wrong)}.")
    return kept


def _as_float32(array: np.ndarray) -> np.ndarray | None:
    """None of what is not of finite numbers."""
    if array.dtype.kind not in "fiu":
        return None
    with np.errstate(over="ignore"):  # too large for float32 is infinite
        array = array.astype(np.float32)
    return array if np.isfinite(array).all() else None


def _read_keras() -> dict[str, np.ndarray]:
    try:
        model = keras.applications.VGG16(include_top=True, weights="imagenet")
    except Exception as error:  # urllib, ssl and keras each raise their own
        raise InputError(
            f"--vgg_weights=keras: the weights cannot be downloaded ({error}); download "
            "vgg16_weights.npz and give its path instead."
        ) from None
    arrays = {}
    for name in ENCODER_LAYERS:
        kernel, bias = model.get_layer(f"block{name[4]}_conv{name[6]}").get_weights()
        arrays |= {f"{name}_W": kernel, f"{name}_b": bias}
    # keras.applications feeds BGR.
    arrays["conv1_1_W"] = arrays["conv1_1_W"][:, :, ::-1]
    arrays["fc6_W"], arrays["fc6_b"] = model.get_layer("fc1").get_weights()
    return _checked(arrays, KERAS_SOURCE)


def assign_vgg16(network: keras.Model, weights: dict[str, np.ndarray]) -> list[str]:
    """Puts VGG16 weights into the encoder; the kernel slice of the trimap channel becomes zero.

    A network narrower than VGG16 gets the filters with the largest L2 norm of each layer (filter
    pruning: Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017, section 3.1), in their
    original order.

    Args:
        network: from `build_network`.
        weights: from `read_vgg16`.

    Returns:
        Names of the layers that got weights. conv6_1 is among them when the file holds fc6 and the
        network has it in full.

    Raises:
        InputError: the network is wider than VGG16.
    """
    kept_inputs = np.arange(3)
    for name in ENCODER_LAYERS:
        layer = network.get_layer(name)
        kernel, bias = weights[f"{name}_W"][:, :, kept_inputs], weights[f"{name}_b"]
        if layer.filters > kernel.shape[-1]:
            raise InputError(
                "--vgg_weights cannot fill a network wider than VGG16; use --width=1 or less."
            )
        norms = np.sqrt(np.sum(np.square(kernel), axis=(0, 1, 2)))
        kept = np.sort(np.argsort(-norms, kind="stable")[: layer.filters])
        kernel, bias = kernel[..., kept], bias[kept]
        if name == ENCODER_LAYERS[0]:
            kernel = np.concatenate([kernel, np.zeros_like(kernel[:, :, :1])], axis=2)
        layer.kernel.assign(kernel)
        layer.biases.assign(bias)
        kept_inputs = kept
    assigned = list(ENCODER_LAYERS)
    conv6 = network.get_layer("conv6_1")
    if "fc6_W" in weights and tuple(conv6.kernel.shape) == _FC6_SHAPE:
        conv6.kernel.assign(weights["fc6_W"])
        conv6.biases.assign(weights["fc6_b"])
        assigned.append("conv6_1")
    return assigned


def normalize_vgg16(
    network: keras.Model, assigned: list[str], examples: np.ndarray, seed: int
) -> dict[str, float]:
    """Rescales the loaded encoder to unit-RMS activations and starts its trimap slice at random.

    VGG16's activations have an RMS of 5 to 350 grey levels; with Adam's fixed step size that is
    what makes the faithful start slow. ReLU networks are homogeneous, so dividing each layer by the
    RMS of its activations keeps the function of the photo up to one factor at the end.

    Args:
        network: with `NetworkConfig.normalize_input`, after `assign_vgg16`.
        assigned: the layers that got weights, from `assign_vgg16`.
        examples: [N, H, W, 4] float32, network inputs to measure on.
        seed: of the trimap slice.

    Returns:
        The RMS each layer had before.
    """
    layers = [network.get_layer(name) for name in assigned]
    # Measured on the function VGG16 is: colours in grey levels, no trimap.
    colours = examples.copy()
    colours[..., 3] = 0.0
    rms_before = NORMALIZED_INPUT_DIVISOR
    measured = {}
    activations = _encoder_activations(layers, colours)
    for layer, activation in zip(layers, activations, strict=True):
        rms = float(np.sqrt(np.mean(np.square(activation, dtype=np.float64))))
        measured[layer.name] = rms
        rms = rms or 1.0
        layer.kernel.assign(layer.kernel * (rms_before / rms))
        layer.biases.assign(layer.biases / rms)
        rms_before = rms
    kernel = layers[0].kernel.numpy()
    height, width, channels, filters = kernel.shape
    he = np.sqrt(2.0 / (height * width * channels))
    kernel[:, :, 3] = np.random.default_rng(seed).normal(0.0, he, (height, width, filters))
    layers[0].kernel.assign(kernel)
    return measured


def _encoder_activations(layers: list[Convolution], inputs: np.ndarray) -> list[np.ndarray]:
    activations = []
    x = keras.ops.convert_to_tensor(inputs)
    for layer in layers:
        if layer.name.endswith("_1") and layer is not layers[0]:
            x = keras.ops.max_pool(x, 2, 2)
        x = layer(x)
        activations.append(keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")))
    return activations
