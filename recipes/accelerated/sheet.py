"""A contact sheet of examples: what the network sees, should say, and says."""

from pathlib import Path

import cv2
import numpy as np
import torch

from dim_tf.system.files import write_bytes
from recipes.accelerated.examples import Batch
from recipes.accelerated.network import Network, mixed_precision

_COLUMNS = 2
_SHOWN_SIDE = 128  # pixels
_JPEG_QUALITY = 80


@torch.no_grad()
def write_sheet(path: Path, network: Network, batch: Batch) -> None:
    """Writes photo, trimap, alpha, prediction and foreground of each example side by side.

    Args:
        path: a .jpg file.
        network: in the end as it was before, learning or not.
        batch: an even number of examples.

    Raises:
        InputError: it cannot be written there.
    """
    was_learning = network.training
    network.eval()
    with mixed_precision(batch.alpha.device):
        predicted, _ = network(batch.image_and_trimap)
    network.train(was_learning)
    grey = [
        (picture * scale).expand(-1, 3, -1, -1)
        for picture, scale in ((batch.trimap, 1), (batch.alpha, 255), (predicted, 255))
    ]
    rows = torch.cat([batch.seen, *grey, batch.foreground], 3)
    rows = torch.cat([rows[column::_COLUMNS] for column in range(_COLUMNS)], 3)
    sheet = rows.permute(0, 2, 3, 1).flatten(0, 1).clamp(0, 255).byte().cpu().numpy()
    write_bytes(path, _as_jpeg(sheet, _SHOWN_SIDE / batch.alpha.shape[-1]))


def _as_jpeg(rgb: np.ndarray, scale: float) -> bytes:
    shown = cv2.resize(rgb, None, fx=min(1, scale), fy=min(1, scale), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(shown, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
