"""Weights files of dim_tf, into the PyTorch network and out of it. No TensorFlow."""

import json
import os
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from dim_tf.model.architecture import SCALE_LAYER
from dim_tf.model.weights_file import NETWORK_PREFIX, refuse_misfits
from dim_tf.system.errors import InputError
from dim_tf.system.npz import text_array, text_of, write_npz
from recipes.accelerated.network import Network
from recipes.accelerated.reading import read_or_refuse

# Where files have the certainty head that were written before dim_tf knew it.
_OLD_CERTAINTY_PREFIX = "scale/"

# The one architecture, of any width, that this program trains.
_ARCHITECTURE = {
    "fc6": "1x1",
    "decoder": "unpool",
    "batch_norm": True,
    "skip": True,
    "refine": False,
    "normalize_input": True,
    "bn_eval": "moving",
}


class WeightsFile(NamedTuple):
    """What a weights file holds.

    Attributes:
        arrays: by <layer>/<variable>, float32, in TensorFlow's axes.
        config: the fields of dim_tf's `NetworkConfig`.
    """

    arrays: dict[str, np.ndarray]
    config: dict[str, Any]


def read_weights(path: str | os.PathLike) -> WeightsFile:
    """Reads a weights file or a training checkpoint of dim_tf.

    Raises:
        InputError: there is no such file; it is damaged; or its network is of another kind.
    """
    members = read_or_refuse(path, "weights file")
    try:
        config = text_of(members["config"])
        differing = [
            f"{name}={config.get(name)}"
            for name, value in _ARCHITECTURE.items()
            if config.get(name) != value
        ]
        width = float(config["width"])
    except (LookupError, TypeError, ValueError, AttributeError):
        raise InputError(f"{path} is no weights file of dim_tf; give one that it wrote.") from None
    if differing:
        raise InputError(
            f"{path} holds a network with {', '.join(differing)}; give weights of the shipped "
            "architecture (--fc6=1x1 --skip --normalize_input, unpooling, batch norm)."
        )
    if not 0 < width <= 4:
        raise InputError(f"{path} holds a network of width {width}; give one of at most 4.")
    arrays = {
        name.removeprefix(prefix): array.astype(np.float32)
        for name, array in members.items()
        for prefix in (NETWORK_PREFIX, _OLD_CERTAINTY_PREFIX)
        if name.startswith(prefix)
    }
    return WeightsFile(arrays, config)


def weights_text(weights: WeightsFile) -> str:
    """A short text that changes when a number or the network's config does."""
    checksum = zlib.crc32(json.dumps(weights.config, sort_keys=True).encode())
    for name in sorted(weights.arrays):
        array = weights.arrays[name]
        checksum = zlib.crc32(f"{name} {array.shape}".encode(), checksum)
        checksum = zlib.crc32(np.ascontiguousarray(array), checksum)
    return f"{len(weights.arrays)} arrays (checksum {checksum:08x})"


def network_of(weights: WeightsFile, source: str | os.PathLike) -> Network:
    """Builds the network with the weights of a file.

    Where the file has no certainty head, the head begins knowing nothing.

    Args:
        weights: from `read_weights`.
        source: name of the file, for the error.

    Raises:
        InputError: an array is missing, of another shape, or not of finite numbers.
    """
    network = Network(float(weights.config["width"]))
    arrays = weights.arrays | _missing_certainty(network, weights.arrays)
    refuse_misfits(source, list(_misfits(network, arrays)))
    with torch.no_grad():
        for name, convolution, norm in _layers(network):
            convolution.weight.copy_(_from_tensorflow(arrays[f"{name}/weights"]))
            biases = torch.from_numpy(arrays[f"{name}/biases"])
            if norm is None:
                convolution.bias.copy_(biases)
                continue
            norm.weight.copy_(torch.from_numpy(arrays[f"{name}/gamma"]))
            norm.bias.copy_(torch.from_numpy(arrays[f"{name}/beta"]))
            norm.running_mean.copy_(torch.from_numpy(arrays[f"{name}/moving_mean"]) - biases)
            norm.running_var.copy_(torch.from_numpy(arrays[f"{name}/moving_variance"]))
    return network


def write_weights(
    path: str | os.PathLike, network: Network, config: dict[str, Any], about: dict[str, Any]
) -> None:
    """Writes a weights file of dim_tf: kernels in half precision, certainty head included.

    Args:
        path: of the file.
        network: whose weights.
        config: of the file it began with.
        about: what to say of the weights.

    Raises:
        InputError: a weight is not finite or beyond half precision, or there is no room.
    """
    arrays = {
        f"{NETWORK_PREFIX}{name}": _halved(name, array) if array.ndim > 1 else array
        for name, array in arrays_of(network).items()
    }
    texts = {"config": text_array(config | {"certainty": True}), "about": text_array(about)}
    write_npz(path, texts | arrays)


def arrays_of(network: Network) -> dict[str, np.ndarray]:
    """Every variable by <layer>/<variable>, float32, in TensorFlow's axes and with its names.

    The biases before batch norm are 0: their share is in the moving mean.
    """
    arrays = {}
    for name, convolution, norm in _layers(network):
        arrays[f"{name}/weights"] = _numpy(convolution.weight).transpose(2, 3, 1, 0)
        if norm is None:
            arrays[f"{name}/biases"] = _numpy(convolution.bias)
            continue
        arrays |= {
            f"{name}/biases": np.zeros(norm.num_features, np.float32),
            f"{name}/gamma": _numpy(norm.weight),
            f"{name}/beta": _numpy(norm.bias),
            f"{name}/moving_mean": _numpy(norm.running_mean),
            f"{name}/moving_variance": _numpy(norm.running_var),
        }
    return arrays


def _layers(network: Network) -> Iterator[tuple[str, nn.Conv2d, nn.BatchNorm2d | None]]:
    for name, layer in network.named_children():
        convolution, norm = layer if isinstance(layer, nn.Sequential) else (layer, None)
        yield name, convolution, norm


def _missing_certainty(network: Network, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The head as the network begins with it, where the file has none of it."""
    if any(name.startswith(f"{SCALE_LAYER}/") for name in given):
        return {}
    own = arrays_of(network)
    return {name: own[name] for name in own if name.startswith(f"{SCALE_LAYER}/")}


def _misfits(network: Network, arrays: dict[str, np.ndarray]) -> Iterator[str]:
    shapes = {name: array.shape for name, array in arrays_of(network).items()}
    for name, shape in shapes.items():
        if name not in arrays:
            yield f"{name} is missing"
        elif arrays[name].shape != shape:
            yield f"{name} has shape {arrays[name].shape} instead of {shape}"
        elif not np.isfinite(arrays[name]).all():
            yield f"{name} is not of finite numbers"
    for name in arrays.keys() - shapes.keys():
        yield f"{name} is unknown"


def _from_tensorflow(kernel: np.ndarray) -> torch.Tensor:
    """[height, width, in, out] to PyTorch's [out, in, height, width]."""
    return torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()


def _halved(name: str, array: np.ndarray) -> np.ndarray:
    # Written so that NaN fails as well.
    if not np.abs(array).max() <= np.finfo(np.float16).max:
        raise InputError(
            f"{name} has values beyond half precision; train with a lower --learning_rate."
        )
    return array.astype(np.float16)
