"""Validation during training: whole images of a folder rgb/ trimap/ alpha/."""

import math
import zlib
from pathlib import Path
from typing import NamedTuple

from dim_tf.evaluation.inputs import files_to_measure_on, read_test_image
from dim_tf.evaluation.metrics import METRIC_NAMES, to_8_bit
from dim_tf.evaluation.report import Evaluation
from dim_tf.matting.network_matte import NoNumbersError
from dim_tf.matting.predict import MattingModel
from dim_tf.system.errors import InputError
from dim_tf.system.memory import NotEnoughMemoryError, lacks_memory


class ValidationImage(NamedTuple):
    """Files of one photograph with its ground truth."""

    rgb: Path
    trimap: Path
    alpha: Path


def list_validation_images(folder: str | Path) -> list[ValidationImage]:
    """Pairs the pictures of `rgb/`, `trimap/` and `alpha/` by file stem.

    Raises:
        InputError: a folder is missing or empty, a photograph lacks a partner, or a picture cannot
            be used; see `validate`.
    """
    images = [ValidationImage(*files) for files in files_to_measure_on(Path(folder)).values()]
    for image in images:  # now, not in the middle of a run
        read_test_image(*image)
    return images


def validation_set_text(images: list[ValidationImage]) -> str:
    """A short text that changes when a picture's name or file does; empty without any.

    Raises:
        InputError: a file cannot be read.
    """
    checksum = 0
    for file in (file for image in images for file in image):
        try:
            name = file.stem.encode(errors="surrogatepass")  # it may be no UTF-8
            checksum = zlib.crc32(file.read_bytes(), zlib.crc32(name, checksum))
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror or error}.") from None
    return f"{len(images)} pictures (checksum {checksum:08x})" if images else ""


def validate(model: MattingModel, images: list[ValidationImage]) -> dict[str, float]:
    """Means of the per-image errors on the unknown region.

    Returns:
        By the names of `dim_tf.evaluation.metrics.METRIC_NAMES`; all NaN where the network computes
        nothing finite.

    Raises:
        InputError: a picture cannot be read, the three of an image differ in size, a trimap is
            none, or memory does not hold an image.
    """
    evaluation = Evaluation()
    for image in images:
        rgb, trimap, alpha = read_test_image(*image, quiet=True)
        try:
            predicted = to_8_bit(model.predict_alpha(rgb, trimap))
        except NoNumbersError:
            return dict.fromkeys(METRIC_NAMES, math.nan)
        except Exception as error:
            if not lacks_memory(error):
                raise
            raise NotEnoughMemoryError(image.rgb) from None
        evaluation.add(image.rgb.stem, predicted, alpha, trimap)
    return evaluation.mean()
