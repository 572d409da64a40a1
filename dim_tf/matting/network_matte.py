"""A network's matte of a photo and a trimap: in one pass, squashed, or in tiles."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from dim_tf.config import SIZE_MULTIPLE, TILE_CORE_SIDE, UNKNOWN, NetworkConfig
from dim_tf.matting.onnx_network import OnnxNetwork
from dim_tf.matting.progress import Progress
from dim_tf.matting.tiles import plan_tiles
from dim_tf.model.architecture import receptive_radius
from dim_tf.model.network_input import network_input
from dim_tf.system.errors import InputError

if TYPE_CHECKING:
    import keras


class NoNumbersError(InputError):
    """A network whose matte is not finite: its training went wrong."""


class NetworkPasses:
    """What a network says of photos of every size.

    Attributes:
        network: from `build_network`, or computed by onnxruntime.
        config: what it was built from.
        statistics: what batch norm normalises with; by default as the config says.
    """

    def __init__(
        self,
        network: "keras.Model | OnnxNetwork",
        config: NetworkConfig,
        statistics: Literal["moving", "batch"] | None,
    ) -> None:
        self.network = network
        self.config = config
        self.statistics = (statistics or config.bn_eval) if config.batch_norm else "moving"
        self._forward = _pass_of(network)

    def _network_matte(
        self, rgb: np.ndarray, trimap: np.ndarray, size: int, max_pixels: int, told: Progress
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The network's matte and the b of it, or None; [H, W] float32 each.

        Raises: NoNumbersError where they are not finite.
        """
        height, width = trimap.shape
        if size:
            told("network", 0, 1)
            output = self._forward_padded(
                cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA),
                cv2.resize(trimap, (size, size), interpolation=cv2.INTER_NEAREST_EXACT),
            )
            output = cv2.resize(output, (width, height), interpolation=cv2.INTER_LINEAR)
            output = output.reshape(height, width, -1)
        else:
            output = self._predict_unknown(rgb, trimap, max_pixels, told)
        unknown = trimap == UNKNOWN
        if not np.isfinite(output[unknown]).all():
            raise NoNumbersError(
                "The network's matte of this photo is not of numbers, as its training went wrong; "
                "give other weights with --checkpoint."
            )
        alpha = np.where(unknown, np.clip(output[..., 0], 0.0, 1.0), trimap / np.float32(255.0))
        scale = None
        if self.config.certainty:
            scale = np.where(unknown, np.exp(output[..., 1]), np.float32(0.0))
        return alpha, scale

    def _predict_unknown(
        self, rgb: np.ndarray, trimap: np.ndarray, max_pixels: int, told: Progress
    ) -> np.ndarray:
        """[H, W, outputs] float32, right where the trimap is unknown."""
        if self.statistics == "batch":
            told("network", 0, 1)
            return self._forward_padded(rgb, trimap)
        unknown = trimap == UNKNOWN
        radius = receptive_radius(self.config)
        tiles = plan_tiles(unknown, None, radius)
        if tiles and trimap[tiles[0].seen].size > max_pixels:
            tiles = plan_tiles(unknown, _core_side(max_pixels, radius), radius)
        output = np.zeros((*trimap.shape, 2 if self.config.certainty else 1), np.float32)
        for number, tile in enumerate(tiles):
            told("network", number, len(tiles))
            seen = self._forward_padded(rgb[tile.seen], trimap[tile.seen])
            output[tile.core] = seen[tile.inside]
        return output

    def _forward_padded(self, rgb: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        height, width = trimap.shape
        return np.asarray(self._forward(network_input(rgb, trimap)[None]))[0, :height, :width]


def _pass_of(network: "keras.Model | OnnxNetwork") -> Callable[[np.ndarray], Any]:
    if isinstance(network, OnnxNetwork):
        return network
    # Only here, as below: TensorFlow takes seconds, and onnxruntime does without.
    from dim_tf.matting.tensorflow_pass import tensorflow_pass

    return tensorflow_pass(network)


def _core_side(max_pixels: int, radius: int) -> int:
    """The side of tiles that the network sees at most `max_pixels` of, if that is possible."""
    side = math.isqrt(max_pixels) - 2 * (radius + SIZE_MULTIPLE)
    return max(SIZE_MULTIPLE, min(side, TILE_CORE_SIDE) // SIZE_MULTIPLE * SIZE_MULTIPLE)
