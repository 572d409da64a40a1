"""A network computed by onnxruntime, which is there in a tenth of a second. No TensorFlow here."""

import importlib.util
import os
import threading
from typing import Any, Literal

import numpy as np

from dim_tf.config import NetworkConfig
from dim_tf.model.weights_file import NETWORK_PREFIX, read_arrays
from dim_tf.system.errors import InputError


def check_onnx_runtime() -> None:
    """Refuses --runtime=onnx where its packages are not installed; takes no time.

    Raises:
        InputError: they are not.
    """
    if any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")):
        raise InputError(
            "--runtime=onnx needs onnx and onnxruntime; install them with pip install onnx "
            "onnxruntime, or give --runtime=tensorflow."
        )


class OnnxNetwork:
    """A network of `dim_tf.exports.onnx_graph.network_graph`, in float32; for several threads.

    One pass at a time, which has all cores: more at once would take as much memory each.
    """

    def __init__(self, graph: bytes) -> None:
        """Args: the model, serialized."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what ends the program; errors are raised as well
        self._session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        self._one_at_a_time = threading.Lock()

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """One pass.

        Args:
            inputs: [1, H, W, 4] float32, as `build_network` has them.

        Returns:
            [1, H, W, 1] float32, or with certainty [1, H, W, 2], log b in its range.
        """
        (name,) = (given.name for given in self._session.get_inputs())
        with self._one_at_a_time:
            maps = self._session.run(None, {name: np.moveaxis(inputs, -1, 1)})
        return np.stack([values[:, 0] for values in maps], axis=-1)


def load_onnx_network(
    path: str | os.PathLike, statistics: Literal["moving", "batch"] | None = None
) -> tuple[OnnxNetwork, NetworkConfig, dict[str, Any]]:
    """What `load_network` loads, for onnxruntime; made from the weights anew each time.

    Args:
        path: of the weights file.
        statistics: what batch norm normalises with; None as the weights say.

    Raises:
        InputError: the packages or the file are missing, or it is damaged.
    """
    check_onnx_runtime()
    from dim_tf.exports.onnx_graph import network_graph

    arrays, config, about = read_arrays(path, NETWORK_PREFIX)
    graph = network_graph(arrays, config, statistics or config.bn_eval, str(path))
    return OnnxNetwork(graph.SerializeToString()), config, about
