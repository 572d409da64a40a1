"""The file that weights are kept in: which network, whose weights. No TensorFlow here.

One npz file that says which network it belongs to. No pickle, no code.

    config          the NetworkConfig, as JSON
    about           whatever the writer wants to say about them, as JSON
    network/…       one array per variable, named <layer>/<variable> as in the original

A training checkpoint is the same file with more arrays (`dim_tf.training.checkpoints`).
"""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from dim_tf.config import NetworkConfig
from dim_tf.system.errors import InputError
from dim_tf.system.npz import UNREADABLE, read_npz, text_array, text_of, write_npz

NETWORK_PREFIX = "network/"
_TEXTS = ("config", "about")


def array_name(layer: str, variable: str) -> str:
    """The name that a variable of a layer has in the file."""
    return f"{NETWORK_PREFIX}{layer}/{variable}"


class DamagedFileError(InputError):
    """A weights file that is there but cannot be trusted."""


def refuse_misfits(source: str | os.PathLike, wrong: Sequence[str]) -> None:
    """Refuses a file whose arrays are not those of its network.

    Args:
        source: name of the file.
        wrong: what is wrong with its arrays, if anything is.

    Raises:
        DamagedFileError: something is; the first few are named.
    """
    if wrong:
        shown = "; ".join(wrong[:5]) + ("; …" if len(wrong) > 5 else "")
        raise DamagedFileError(f"{source} does not fit its network: {shown}.")


def write_arrays(
    path: str | os.PathLike,
    arrays: dict[str, np.ndarray],
    config: NetworkConfig,
    about: dict[str, Any],
) -> None:
    """Writes a weights file, atomically.

    Raises:
        InputError: it cannot be written there.
    """
    texts = {"config": dataclasses.asdict(config), "about": about}
    encoded = {name: text_array(value) for name, value in texts.items()}
    write_npz(path, encoded | arrays)


def read_arrays(
    path: str | os.PathLike, prefix: str = ""
) -> tuple[dict[str, np.ndarray], NetworkConfig, dict[str, Any]]:
    """Reads the arrays of a weights file whose names begin with a prefix; checksums are verified.

    Returns:
        The arrays, the network's config, and what the writer said about them.

    Raises:
        DamagedFileError: the file is truncated, altered, or no weights file.
        InputError: there is no such file.
    """
    try:
        arrays = read_npz(path, lambda name: name in _TEXTS or name.startswith(prefix))
        texts = {name: text_of(arrays.pop(name)) for name in _TEXTS}
        config = NetworkConfig(**texts["config"])
    except FileNotFoundError:
        raise InputError(f"There is no checkpoint {path}.") from None
    except InputError as error:
        raise DamagedFileError(f"{path} describes an impossible network: {error}") from None
    except UNREADABLE as error:
        raise DamagedFileError(
            f"{path} is damaged or no checkpoint of this program ({error}); use another copy."
        ) from None
    return arrays, config, texts["about"]
