"""One call makes an export: the file, its card and its example."""

import importlib.util
import os
from pathlib import Path
from typing import Literal

from dim_tf.exports.card import (
    CARD_NAME,
    EXAMPLE_NAME,
    FILE_NAMES,
    Format,
    card_text,
    example_text,
)
from dim_tf.model.checkpoint_choice import find_checkpoint, weights_file
from dim_tf.model.weights_file import NETWORK_PREFIX, read_arrays
from dim_tf.system.errors import InputError
from dim_tf.system.files import make_folder_atomically


def check_export(kind: Format, folder: str | os.PathLike) -> None:
    """Looks whether an export can be made there; quick.

    Raises:
        InputError: the folder exists, or the package that writes the format is missing.
    """
    if Path(folder).exists():
        raise InputError(f"--out={folder} exists already; give another folder, or delete it.")
    if kind == "onnx" and importlib.util.find_spec("onnx") is None:
        raise InputError(
            "--format=onnx needs the package onnx; install it with pip install onnx, or give "
            "--format=litert or --format=saved_model."
        )


def export_network(
    folder: str | os.PathLike,
    kind: Format = "onnx",
    checkpoint: str | os.PathLike = "",
    *,
    size: tuple[int, int] | None = None,
    bn_eval: Literal["checkpoint", "moving", "batch"] = "checkpoint",
) -> Path:
    """Writes a network as a file for another runtime, with a card and an example beside it.

    What the file takes and gives: `dim_tf.exports.contract`.

    Args:
        folder: to make; complete or not there.
        kind: the format. ONNX is written without TensorFlow.
        checkpoint: see `find_checkpoint`.
        size: height and width in multiples of 32, or None for any.
        bn_eval: which statistics batch norm uses; "checkpoint" as the weights say.

    Returns:
        The file, in the folder; a folder itself for a SavedModel.

    Raises:
        InputError: see `check_export`; there is no such checkpoint, or it is damaged; the folder
            cannot be written.
    """
    check_export(kind, folder)
    weights = find_checkpoint(checkpoint)
    loaded = weights_file(weights)  # now: a training may write it anew
    arrays, config, _ = read_arrays(weights, NETWORK_PREFIX)
    statistics = config.bn_eval if bn_eval == "checkpoint" else bn_eval
    name = FILE_NAMES[kind]
    with make_folder_atomically(folder) as unfinished:
        if kind == "onnx":
            from dim_tf.exports.onnx_graph import export_graph

            graph = export_graph(arrays, config, statistics, str(weights), size)
            (unfinished / name).write_bytes(graph.SerializeToString())
        else:
            from dim_tf.exports.tensorflow_files import litert_bytes, write_saved_model
            from dim_tf.model.weights import network_of

            options = {"inference_statistics": statistics, "for_training": False}
            network = network_of(arrays, config, weights, **options)
            if kind == "saved_model":
                write_saved_model(unfinished / name, network, size)
            else:
                (unfinished / name).write_bytes(litert_bytes(unfinished, network, size))
        card = card_text(kind, config, statistics, loaded, size)
        (unfinished / CARD_NAME).write_text(card, encoding="utf-8")
        (unfinished / EXAMPLE_NAME).write_text(example_text(kind, size), encoding="utf-8")
    return Path(folder) / name
