"""The network as an ONNX model, made from its weights alone. No TensorFlow here."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper

from dim_tf.config import IMAGE_MEAN_RGB, UNKNOWN, NetworkConfig
from dim_tf.exports.contract import ALPHA, OPSET, RGB, SCALE, TRIMAP
from dim_tf.exports.onnx_layers import Graph, Network, Weights

_IR_VERSION = 8  # the one of this opset

# What the network itself takes and gives; a file has `dim_tf.exports.contract` around it.
NETWORK_INPUT = "rgb_and_trimap"
LOG_SCALE = "log_scale"


def network_graph(
    arrays: Mapping[str, np.ndarray],
    config: NetworkConfig,
    statistics: Literal["moving", "batch"],
    source: str,
) -> onnx.ModelProto:
    """The network as it is: what `build_network` returns, on maps with the channels in front.

    Args:
        arrays: of the weights file.
        config: of the weights file.
        statistics: what batch norm normalises with.
        source: name of the weights file, for the error.

    Returns:
        A model from `rgb_and_trimap`, [1, 4, H, W] float32, to `alpha`, [1, 1, H, W], and with
        `config.certainty` `log_scale`, likewise; see `alpha_and_log_scale`.

    Raises:
        DamagedFileError: an array is missing, misshapen, or not of finite numbers.
    """
    graph = Graph()
    network = Network(config, Weights(arrays, source), statistics, graph)
    alpha, log_scale = network.outputs(NETWORK_INPUT)
    outputs = {ALPHA: alpha} | ({LOG_SCALE: log_scale} if log_scale else {})
    return _model(
        graph, {NETWORK_INPUT: (1, 4, "height", "width")}, outputs, (1, 1, "height", "width")
    )


def export_graph(
    arrays: Mapping[str, np.ndarray],
    config: NetworkConfig,
    statistics: Literal["moving", "batch"],
    source: str,
    size: tuple[int, int] | None = None,
) -> onnx.ModelProto:
    """The network with what an exported file does around it; see `dim_tf.exports.contract`.

    Args:
        arrays: of the weights file.
        config: of the weights file.
        statistics: what batch norm normalises with.
        source: name of the weights file, for the error.
        size: height and width, or None for any.

    Raises:
        DamagedFileError: an array is missing, misshapen, or not of finite numbers.
    """
    graph = Graph()
    network = Network(config, Weights(arrays, source), statistics, graph)
    channels_first = {"perm": [0, 3, 1, 2]}
    rgb = graph.add("Sub", RGB, graph.constant(IMAGE_MEAN_RGB))
    rgb = graph.add("Transpose", rgb, **channels_first)
    trimap = graph.add("Transpose", TRIMAP, **channels_first)
    alpha, log_scale = network.outputs(graph.add("Concat", rgb, trimap, axis=1))
    unknown = graph.add("Equal", trimap, graph.constant(UNKNOWN))
    known = graph.add("Div", trimap, graph.constant(255.0))
    clipped = graph.add("Clip", alpha, graph.constant(0.0), graph.constant(1.0))
    outputs = {ALPHA: graph.add("Where", unknown, clipped, known)}
    if log_scale:
        scale = graph.add("Exp", log_scale)
        outputs[SCALE] = graph.add("Where", unknown, scale, graph.constant(0.0))
    outputs = {
        name: graph.add("Transpose", value, perm=[0, 2, 3, 1]) for name, value in outputs.items()
    }
    height, width = size or ("height", "width")
    inputs = {RGB: (1, height, width, 3), TRIMAP: (1, height, width, 1)}
    return _model(graph, inputs, outputs, (1, height, width, 1))


def _model(
    graph: Graph,
    inputs: dict[str, tuple[int | str, ...]],
    outputs: dict[str, str],
    output_shape: tuple[int | str, ...],
) -> onnx.ModelProto:
    """The graph as a checked model; a side of a shape that is a word is free."""
    for name, value in outputs.items():
        graph.add_name(value, name)
    proto = helper.make_graph(
        graph.nodes,
        "deep_image_matting",
        [_float32(name, shape) for name, shape in inputs.items()],
        [_float32(name, output_shape) for name in outputs],
        graph.constants,
    )
    model = helper.make_model(
        proto,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="dim_tf",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _float32(name: str, shape: tuple[int | str, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
