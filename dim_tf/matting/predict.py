"""From a photo and a trimap to a matte, at the photo's own size."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

import numpy as np

from dim_tf.config import (
    MAX_PIXELS,
    MattingConfig,
    NetworkConfig,
    config_from_values,
    python_number,
)
from dim_tf.matting.network_matte import NetworkPasses
from dim_tf.matting.onnx_network import OnnxNetwork, check_onnx_runtime, load_onnx_network
from dim_tf.matting.post_process import certainty_of, follow_colours
from dim_tf.matting.progress import Progress, untold
from dim_tf.matting.reduced_photo import joined, reduced, reduction_for
from dim_tf.model.checkpoint_choice import existing_checkpoint, find_checkpoint
from dim_tf.pictures.arrays import rgb_array, trimap_array
from dim_tf.system.errors import InputError
from dim_tf.system.forked import forked_error
from dim_tf.system.processor import has_bfloat16_instructions
from dim_tf.system.quiet import import_tensorflow

if TYPE_CHECKING:
    import keras


class MattingModel(NetworkPasses):
    """A network ready to predict photos of every size.

    Attributes:
        network: from `build_network`, or computed by onnxruntime.
        config: what it was built from.
        about: what was saved with the weights.
        statistics: what batch norm normalises with; by default as the config says.
        post_process: what is done to the network's matte; "affinity" is a second pass over a large
            photo, reduced (`dim_tf.matting.reduced_photo`), and `follow_colours`.
    """

    def __init__(
        self,
        network: "keras.Model | OnnxNetwork",
        config: NetworkConfig,
        about: dict[str, Any],
        statistics: Literal["moving", "batch"] | None = None,
        post_process: Literal["affinity", "none"] = "none",
    ) -> None:
        super().__init__(network, config, statistics)
        self.about = about
        self.post_process = post_process
        self._process = os.getpid()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A model cannot be copied or pickled, as it has threads; let threads share it, and "
            "load one in each process."
        )

    @overload
    def predict_alpha(
        self,
        rgb: np.ndarray,
        trimap: np.ndarray,
        size: int = 0,
        max_pixels: int = MAX_PIXELS,
        *,
        return_certainty: Literal[False] = False,
        told: Progress = untold,
    ) -> np.ndarray: ...
    @overload
    def predict_alpha(
        self,
        rgb: np.ndarray,
        trimap: np.ndarray,
        size: int = 0,
        max_pixels: int = MAX_PIXELS,
        *,
        return_certainty: Literal[True],
        told: Progress = untold,
    ) -> tuple[np.ndarray, np.ndarray]: ...
    @overload
    def predict_alpha(
        self,
        rgb: np.ndarray,
        trimap: np.ndarray,
        size: int = 0,
        max_pixels: int = MAX_PIXELS,
        *,
        return_certainty: bool,
        told: Progress = untold,
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]: ...
    def predict_alpha(
        self,
        rgb: np.ndarray,
        trimap: np.ndarray,
        size: int = 0,
        max_pixels: int = MAX_PIXELS,
        *,
        return_certainty: bool = False,
        told: Progress = untold,
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predicts the opacity of every pixel.

        In one pass over the part of the photo that has a bearing on its unknown pixels; if that
        part is too large, in tiles that give the same matte (see `dim_tf.matting.tiles`). With
        post-processing, and without `size`, a network with certainty sees a large photo once more,
        reduced.

        Args:
            rgb: [H, W, 3] photo of any size, sRGB; uint8, or what `rgb_array` takes.
            trimap: [H, W] uint8 in {0, 128, 255}, or floats 0, 0.5 and 1; see `trimap_array`.
            size: squash photo and trimap to a square of this side for the network and the matte
                back, as the original's test.py does with 320; 0 keeps their size.
            max_pixels: of one pass; memory grows with it. Tiles are not made where batch norm
                takes the statistics of the image, each would have its own.
            return_certainty: also say how sure the network is of its matte of the photo at its own
                size, before anything corrects it; see `certainty_of`.
            told: see `dim_tf.matting.progress`; the steps are "network" and "colours".

        Returns:
            The matte, [H, W] float32 in [0, 1]; known pixels are those of the trimap. With
            `return_certainty` a pair of it and the certainty, likewise; known pixels are 1.

        Raises:
            InputError: the network does not say how sure it is; an array of another shape, dtype
                or range; photo and trimap differ in size, or the trimap has other values; or a
                size or number of pixels that is not possible; `NoNumbersError` where the network
                computes nothing finite.
        """
        if os.getpid() != self._process:
            raise forked_error()
        # Refuses the impossible. A square is one pass, whatever is given for the largest.
        config_from_values(MattingConfig, {"max_pixels": python_number(max_pixels)})
        config_from_values(MattingConfig, {"size": python_number(size), "max_pixels": sys.maxsize})
        rgb, trimap = rgb_array(rgb), trimap_array(trimap)
        if rgb.shape[:2] != trimap.shape:
            (height, width), (own_height, own_width) = rgb.shape[:2], trimap.shape
            raise InputError(
                f"The photo is {width}×{height} pixels and the trimap {own_width}×{own_height}; "
                "give two of the same size."
            )
        if return_certainty:
            self.refuse_without_certainty()
        alpha, scale = self._network_matte(rgb, trimap, size, max_pixels, told)
        post_process = self.post_process == "affinity"
        if post_process and scale is not None and not size and (again := reduction_for(trimap)):
            small = reduced(rgb, trimap, again.factor)
            # Whoever waits can end it at each of its tiles.
            second = self._network_matte(*small, 0, max_pixels, lambda *_: told("network", 1, 1))
            alpha = joined(alpha, scale, *second, again.weight)
        told("network", 1, 1)
        if post_process:
            alpha = follow_colours(rgb, trimap, alpha, scale, told)
        return (alpha, certainty_of(scale)) if return_certainty else alpha

    def refuse_without_certainty(self) -> None:
        """Raises: InputError where the network does not say how sure it is."""
        if not self.config.certainty:
            raise InputError(
                "These weights do not say how sure they are; train with --certainty, or take the "
                "shipped weights."
            )


def check_model(matting: MattingConfig) -> Path:
    """Whether what `load_model_of` needs is there; quick, and without loading it.

    Returns:
        The weights file or the folder of a run.

    Raises:
        InputError: there is no such checkpoint, or onnxruntime is missing.
    """
    checkpoint = existing_checkpoint(matting.checkpoint)
    if matting.runtime == "onnx":
        check_onnx_runtime()
    return checkpoint


def load_model_of(matting: MattingConfig) -> MattingModel:
    """`load_model` by settings.

    Raises:
        InputError: see there.
    """
    return load_model(
        matting.checkpoint,
        bn_eval=matting.bn_eval,
        precision=matting.precision,
        post_process=matting.post_process,
        runtime=matting.runtime,
    )


def load_model(
    checkpoint: str | os.PathLike = "",
    *,
    bn_eval: Literal["checkpoint", "moving", "batch"] = "checkpoint",
    precision: Literal["auto", "float32", "bfloat16"] = "float32",
    post_process: Literal["affinity", "none"] = "affinity",
    runtime: Literal["tensorflow", "onnx"] = "tensorflow",
) -> MattingModel:
    """Loads a network with its weights.

    Args:
        checkpoint: released weights or a training checkpoint (.npz), or the folder of a run, whose
            best network by validation is taken, or its newest; by default the shipped weights.
        bn_eval: which statistics batch norm uses; "checkpoint" as the weights say.
        precision: of the convolutions; "auto" takes bfloat16 where the processor has instructions
            for it: about twice as fast with half the memory, and a matte that differs by a grey
            level here and there.
        post_process: "affinity" lets a network with certainty see a large photo once more,
            reduced (`dim_tf.matting.reduced_photo`), and the photo's colours decide the fine
            detail of the matte (`dim_tf.matting.post_process`); "none" takes the matte as the
            network says.
        runtime: what computes the network; "onnx" is onnxruntime, in float32, which starts
            without TensorFlow.

    Raises:
        InputError: a value that is not possible; there is no such checkpoint, or it is damaged;
            onnxruntime is not installed, or asked for bfloat16; or this process was forked from
            one in which TensorFlow computed.
    """
    choices = {"bn_eval": bn_eval, "precision": precision, "post_process": post_process}
    config_from_values(MattingConfig, choices | {"runtime": runtime})  # refuses the impossible
    if runtime == "onnx" and precision == "bfloat16":
        raise InputError(
            "--runtime=onnx computes in float32; give --precision=float32, or --runtime=tensorflow."
        )
    path = find_checkpoint(checkpoint)
    statistics = None if bn_eval == "checkpoint" else bn_eval
    if runtime == "onnx":
        return MattingModel(*load_onnx_network(path, statistics), statistics, post_process)
    import_tensorflow()
    from dim_tf.model.weights import load_network

    if precision == "auto":
        precision = "bfloat16" if has_bfloat16_instructions() else "float32"
    network, config, about = load_network(
        path, inference_statistics=statistics, precision=precision, for_training=False
    )
    return MattingModel(network, config, about, statistics, post_process)
