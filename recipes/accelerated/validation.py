"""Photographs with true mattes that the network is measured on while it learns."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from dim_tf.config import UNKNOWN
from dim_tf.evaluation.inputs import files_to_measure_on, read_test_image
from dim_tf.evaluation.metrics import mse, sad, to_8_bit
from dim_tf.model.network_input import network_input
from recipes.accelerated.network import Network


class ValidationImage(NamedTuple):
    """A photograph: [H, W, 3] uint8, [H, W] uint8 in {0, 128, 255}, [H, W] uint8."""

    rgb: np.ndarray
    trimap: np.ndarray
    alpha: np.ndarray


def read_validation_images(folder: Path) -> list[ValidationImage]:
    """Reads the pictures of `rgb/`, `trimap/` and `alpha/`, paired by file stem.

    Raises:
        InputError: a folder is missing or empty, a photograph lacks a partner, or a picture cannot
            be used.
    """
    images = []
    for rgb, trimap, alpha in files_to_measure_on(folder).values():
        images.append(ValidationImage(*read_test_image(rgb, trimap, alpha)))
    return images


@torch.no_grad()
def validate(
    network: Network, images: list[ValidationImage], device: torch.device
) -> dict[str, float]:
    """The means over photographs of SAD and MSE on the unknown region, without post-processing.

    Args:
        network: in the end as it was before, learning or not.
        images: at least one.
        device: of the network.
    """
    was_learning = network.training
    network.eval()
    errors = []
    for image in images:
        predicted = to_8_bit(_predict(network, image, device))
        predicted = np.where(image.trimap == UNKNOWN, predicted, image.trimap)
        errors.append([measure(predicted, image.alpha, image.trimap) for measure in (sad, mse)])
    network.train(was_learning)
    return dict(zip(("SAD", "MSE"), np.mean(errors, axis=0).tolist(), strict=True))


def _predict(network: Network, image: ValidationImage, device: torch.device) -> np.ndarray:
    """[H, W] float32 in [0, 1]."""
    height, width = image.trimap.shape
    inputs = network_input(image.rgb, image.trimap).transpose(2, 0, 1)[None]
    alpha, _ = network(torch.from_numpy(np.ascontiguousarray(inputs)).to(device))
    return alpha[0, 0, :height, :width].cpu().numpy()
