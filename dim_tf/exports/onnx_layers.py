"""The network's layers as ONNX operations. No TensorFlow here.

Written down once more, and not converted: so any weights file becomes a graph in a fifth of a
second, where TensorFlow alone takes seconds to start. `tests/exports` holds it to
`dim_tf.model.network`, whose docstrings say what the layers are and where they come from.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dim_tf.config import (
    BATCH_NORM_EPSILON,
    NORMALIZED_INPUT_DIVISOR,
    UNKNOWN,
    NetworkConfig,
)
from dim_tf.model.architecture import (
    DECODER_CHANNELS,
    DECODER_KERNEL,
    DECONV6_CHANNELS,
    DECONVOLUTION_KERNEL,
    ENCODER_KERNEL,
    ENCODER_STAGES,
    FC6,
    LARGEST_LOG_SCALE,
    REFINEMENT_CHANNELS,
    REFINEMENT_KERNEL,
    SCALE_LAYER,
    SMALLEST_LOG_SCALE,
    channels_at,
    refinement_scaling,
)
from dim_tf.model.weights_file import DamagedFileError, array_name


class Graph:
    """Nodes and constants of a graph that grows; a value is known by its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Adds an operation; returns the name of its output, or a list of several."""
        names = [f"{kind.lower()}_{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        """Adds an array; returns its name."""
        name = f"constant_{len(self.constants)}"
        array = np.ascontiguousarray(np.asarray(value, dtype))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add_name(self, value: str, name: str) -> None:
        """Gives a value the name that the outside knows it by."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))


@dataclasses.dataclass(frozen=True)
class Weights:
    """The arrays of a weights file, each asked for with the shape that it must have."""

    arrays: Mapping[str, np.ndarray]
    source: str

    def get(self, layer: str, variable: str, *shape: int) -> np.ndarray:
        """The variable of a layer, float32.

        Raises:
            DamagedFileError: it is missing, misshapen, or not of finite numbers.
        """
        name = array_name(layer, variable)
        array = self.arrays.get(name)
        if array is None or array.shape != shape:
            found = "missing" if array is None else f"of shape {array.shape} instead of {shape}"
            raise DamagedFileError(f"{self.source} does not fit its network: {name} is {found}.")
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise DamagedFileError(
                f"{self.source} does not fit its network: {name} is not of finite numbers."
            )
        return array.astype(np.float32)


class Network:
    """Adds the layers of a network to a graph; maps are [1, C, H, W], as ONNX has them."""

    def __init__(
        self,
        config: NetworkConfig,
        weights: Weights,
        statistics: Literal["moving", "batch"],
        graph: Graph,
    ) -> None:
        self.config = config
        self.weights = weights
        self.statistics = statistics
        self.graph = graph

    def outputs(self, inputs: str) -> tuple[str, str | None]:
        """Alpha and log b, each [1, 1, H, W], of the network's inputs, [1, 4, H, W]."""
        graph, config = self.graph, self.config
        if config.normalize_input:
            shift = np.float32([0, 0, 0, UNKNOWN]).reshape(1, 4, 1, 1)
            inputs = graph.add("Sub", inputs, graph.constant(shift))
            inputs = graph.add("Div", inputs, graph.constant(NORMALIZED_INPUT_DIVISOR))
        x, channels = inputs, 4
        features, masks = [], []
        for stage, (count, convolutions) in enumerate(ENCODER_STAGES, start=1):
            for number in range(1, convolutions + 1):
                x, channels = self._convolution(
                    f"conv{stage}_{number}", x, channels, count, ENCODER_KERNEL
                )
            features.append(x)
            x, mask = self._max_pool_with_argmax(x)
            masks.append(mask)
        size, count = FC6[config.fc6]
        x, channels = self._convolution("conv6_1", x, channels, count, size)
        x, channels = self._decoder_convolution("deconv6", x, channels, DECONV6_CHANNELS, 1)
        for stage, count in zip(range(5, 0, -1), DECODER_CHANNELS, strict=True):
            if config.decoder == "unpool":
                x = self._unpool(x, masks[stage - 1])
            else:
                x = self._double(f"deconv{stage}_1", x, channels)
            if config.skip:
                x = graph.add("Add", x, features[stage - 1])
            x, channels = self._decoder_convolution(
                f"deconv{stage}_2", x, channels, count, DECODER_KERNEL
            )
        alpha = graph.add("Sigmoid", self._last("pred_alpha", x, channels, DECODER_KERNEL))
        log_scale = None
        if config.certainty:
            log_scale = self._clipped(
                self._last(SCALE_LAYER, x, channels, DECODER_KERNEL),
                *(SMALLEST_LOG_SCALE, LARGEST_LOG_SCALE),
            )
        if config.refine:
            alpha = self._refine(inputs, alpha)
        return alpha, log_scale

    def _convolve(self, x: str, kernel: np.ndarray, biases: np.ndarray | None = None) -> str:
        """Stride 1, padding SAME, of a kernel [K, K, C, D]."""
        constants = [self.graph.constant(kernel.transpose(3, 2, 0, 1))]
        if biases is not None:
            constants.append(self.graph.constant(biases))
        radius = kernel.shape[0] // 2
        return self.graph.add("Conv", x, *constants, pads=[radius] * 4)

    def _convolution(
        self, name: str, x: str, channels: int, count: int, size: int
    ) -> tuple[str, int]:
        filters = channels_at(self.config, count)
        kernel = self.weights.get(name, "weights", size, size, channels, filters)
        biases = self.weights.get(name, "biases", filters)
        return self.graph.add("Relu", self._convolve(x, kernel, biases)), filters

    def _last(self, name: str, x: str, channels: int, size: int) -> str:
        """A convolution to one channel, without ReLU."""
        kernel = self.weights.get(name, "weights", size, size, channels, 1)
        return self._convolve(x, kernel, self.weights.get(name, "biases", 1))

    def _decoder_convolution(
        self, name: str, x: str, channels: int, count: int, size: int
    ) -> tuple[str, int]:
        if not self.config.batch_norm:
            return self._convolution(name, x, channels, count, size)
        filters = channels_at(self.config, count)
        kernel = self.weights.get(name, "weights", size, size, channels, filters)
        if self.statistics == "batch":
            return self._normalized(name, self._convolve(x, kernel), filters), filters
        scale, shift = self._scale_and_shift(name, filters)
        return self.graph.add("Relu", self._convolve(x, kernel * scale, shift)), filters

    def _double(self, name: str, x: str, channels: int) -> str:
        """Transposed convolution, 3×3, stride 2."""
        side = DECONVOLUTION_KERNEL
        kernel = self.weights.get(name, "weights", side, side, channels, channels)
        shift = np.zeros(channels, np.float32)
        normalized = self.config.batch_norm and self.statistics == "batch"
        if not self.config.batch_norm:
            shift = self.weights.get(name, "biases", channels)
        elif not normalized:
            scale, shift = self._scale_and_shift(name, channels)
            kernel = kernel * scale[:, None]
        graph = self.graph
        # TensorFlow's padding SAME of the convolution that this is the gradient of.
        constants = graph.constant(kernel.transpose(3, 2, 0, 1)), graph.constant(shift)
        y = graph.add("ConvTranspose", x, *constants, strides=[2, 2], pads=[0, 0, 1, 1])
        return self._normalized(name, y, channels) if normalized else graph.add("Relu", y)

    def _scale_and_shift(self, name: str, filters: int) -> tuple[np.ndarray, np.ndarray]:
        """What batch norm with moving averages multiplies by and adds, [filters] each."""
        gamma, beta, biases, mean, variance = (
            self.weights.get(name, variable, filters)
            for variable in ("gamma", "beta", "biases", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + np.float32(BATCH_NORM_EPSILON))
        return scale, beta - (mean - biases) * scale

    def _normalized(self, name: str, x: str, filters: int) -> str:
        """Batch norm with the statistics of the image, and ReLU."""
        graph = self.graph
        gamma, beta = (
            graph.constant(self.weights.get(name, variable, filters).reshape(1, -1, 1, 1))
            for variable in ("gamma", "beta")
        )
        centred = graph.add("Sub", x, graph.add("ReduceMean", x, axes=[2, 3]))
        variance = graph.add("ReduceMean", graph.add("Mul", centred, centred), axes=[2, 3])
        variance = graph.add("Add", variance, graph.constant(BATCH_NORM_EPSILON))
        scaled = graph.add("Mul", graph.add("Div", centred, graph.add("Sqrt", variance)), gamma)
        return graph.add("Relu", graph.add("Add", scaled, beta))

    def _max_pool_with_argmax(self, x: str) -> tuple[str, str]:
        """The maxima, and for the four places of each 2×2 block whether it was there."""
        graph = self.graph
        maximum = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        phases = graph.add("Split", graph.add("SpaceToDepth", x, blocksize=2), axis=1, outputs=4)
        first, *others = (graph.add("Equal", phase, maximum) for phase in phases)
        places, taken = [first], first
        for place in others:  # of equal values the first
            places.append(graph.add("And", place, graph.add("Not", taken)))
            taken = graph.add("Or", taken, place)
        return maximum, graph.add("Concat", *places, axis=1)

    def _unpool(self, x: str, mask: str) -> str:
        """Each value at its place in its 2×2 block, zero elsewhere.

        A product: faster than a selection in onnxruntime, and no different where values are finite.
        MaxUnpool would be a tenth faster there still, but runtimes for graphics processors and
        browsers do not have it.
        """
        graph = self.graph
        spread = graph.add("Concat", x, x, x, x, axis=1)
        places = graph.add("Cast", mask, to=TensorProto.FLOAT)
        return graph.add("DepthToSpace", graph.add("Mul", spread, places), blocksize=2)

    def _clipped(self, x: str, low: float, high: float) -> str:
        return self.graph.add("Clip", x, self.graph.constant(low), self.graph.constant(high))

    def _refine(self, network_input: str, alpha: str) -> str:
        graph = self.graph
        scale, offset = refinement_scaling(self.config)
        starts, ends, axes = (graph.constant([value], np.int64) for value in (0, 3, 1))
        rgb = graph.add("Slice", network_input, starts, ends, axes)
        level = graph.add(
            "Add", graph.add("Mul", alpha, graph.constant(scale)), graph.constant(offset)
        )
        x, channels = graph.add("Concat", rgb, level, axis=1), 4
        for number in range(1, 4):
            x, channels = self._convolution(
                f"refine_{number}", x, channels, REFINEMENT_CHANNELS, REFINEMENT_KERNEL
            )
        return graph.add("Add", alpha, self._last("refine_4", x, channels, REFINEMENT_KERNEL))
