"""Weights of a network: out of it into a file (`dim_tf.model.weights_file`), and back."""

import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from dim_tf.config import NetworkConfig
from dim_tf.model.architecture import largest_kernels
from dim_tf.model.network import build_network
from dim_tf.model.weights_file import (
    NETWORK_PREFIX,
    array_name,
    read_arrays,
    refuse_misfits,
    write_arrays,
)
from dim_tf.system.errors import InputError


def network_arrays(network: keras.Model) -> dict[str, np.ndarray]:
    """Every variable of the network, batch norm statistics included, by file name."""
    return {
        array_name(layer.name, variable.name): variable.numpy()
        for layer in network.layers
        for variable in layer.variables
    }


def assign_network_arrays(network: keras.Model, arrays: dict[str, np.ndarray], source: str) -> None:
    """Puts arrays of a weights file into the network.

    Args:
        network: from `build_network` with the file's config.
        arrays: `network/…` arrays; others are ignored.
        source: name of the file, for the error.

    Raises:
        DamagedFileError: an array is missing, left over, misshapen, or not of finite numbers; each
            is named.
    """
    variables = {
        array_name(layer.name, variable.name): variable
        for layer in network.layers
        for variable in layer.variables
    }
    given = {name: array for name, array in arrays.items() if name.startswith(NETWORK_PREFIX)}
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    wrong = _misshapen(given, shapes)
    wrong += [f"{name} is unknown" for name in given if name not in variables]
    wrong += [
        f"{name} is not of finite numbers"
        for name in variables
        if name in given and not _is_finite(given[name])
    ]
    refuse_misfits(source, wrong)
    for name, variable in variables.items():
        variable.assign(given[name].astype(np.float32))


def _misshapen(arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> list[str]:
    wrong = [f"{name} is missing" for name in shapes if name not in arrays]
    wrong += [
        f"{name} has shape {arrays[name].shape} instead of {shape}"
        for name, shape in shapes.items()
        if name in arrays and arrays[name].shape != shape
    ]
    return wrong


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind == "f" and bool(np.isfinite(array).all())


def save_weights(
    path: str | os.PathLike,
    network: keras.Model,
    config: NetworkConfig,
    about: dict[str, Any],
    *,
    half: bool = True,
) -> None:
    """Writes a network's weights for release.

    Args:
        path: of the npz file.
        network: whose weights.
        config: the one it was built with.
        about: what to say about them: steps, data, licence.
        half: kernels in half precision, at half the size. Biases and batch norm statistics stay
            in float32: a variance can leave the range of half precision.

    Raises:
        InputError: the file cannot be written there, or a weight is beyond half precision.
    """
    arrays = network_arrays(network)
    if half:
        arrays = {
            name: _halved(name, array) if array.ndim > 1 else array
            for name, array in arrays.items()
        }
    write_arrays(path, arrays, config, about)


def _halved(name: str, array: np.ndarray) -> np.ndarray:
    if np.abs(array).max() > np.finfo(np.float16).max:
        raise InputError(f"{name} has values beyond half precision; write it with half=False.")
    return array.astype(np.float16)


def load_network(
    path: str | os.PathLike, **build_arguments: Any
) -> tuple[keras.Model, NetworkConfig, dict[str, Any]]:
    """Builds the network a weights file or training checkpoint describes, with its weights.

    Args:
        path: of the npz file.
        **build_arguments: passed to `build_network`.

    Raises:
        InputError: there is no such file, or it is damaged.
    """
    arrays, config, about = read_arrays(path, NETWORK_PREFIX)
    return network_of(arrays, config, path, **build_arguments), config, about


def network_of(
    arrays: Mapping[str, np.ndarray],
    config: NetworkConfig,
    path: str | os.PathLike,
    **build_arguments: Any,
) -> keras.Model:
    """The network of arrays that were read.

    Args:
        arrays: from `read_arrays` with `NETWORK_PREFIX`.
        config: from the same.
        path: of their file, for the error.
        **build_arguments: passed to `build_network`.

    Raises:
        InputError: they do not fit the network.
    """
    # Before memory is taken for whatever network the file claims to hold.
    refuse_misfits(
        path,
        _misshapen(
            arrays,
            {
                array_name(layer, "weights"): shape
                for layer, shape in largest_kernels(config).items()
            },
        ),
    )
    network = build_network(config, **build_arguments)
    assign_network_arrays(network, arrays, str(path))
    return network
