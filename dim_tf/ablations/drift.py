"""How far the ground truth drifts where the photo is composited before everything is resized.

Procedural mattes, colours and backgrounds only, so the picture of it can be shown anywhere.
"""

import dataclasses
import json
import zlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dim_tf.ablations.records import json_text
from dim_tf.config import UNKNOWN, AblationConfig, ExampleConfig
from dim_tf.evaluation.sheets import text_strip
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import DEFAULT_KINDS, foreground_colours, render_matte, render_texture
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes
from dim_tf.system.quiet import import_tensorflow

DRIFT_RECORD = "drift.json"
DRIFT_IMAGE = "images/drift.png"  # beside the records' folder
# Crop sides that are shrunk to the network's 320.
CROP_SIDES = (640, 480)
# Of JPEG files that the photo is kept in before it is read, cropped and shrunk: what OpenCV takes
# where nothing is said, and what Pillow takes.
JPEG_QUALITIES = (95, 75)
_SIDE = 640
_SHOWN_KIND = "foliage"  # it drifts most
_SHOWN_SIDE = 160
_AMPLIFIED = 8


class Case(NamedTuple):
    """How an example is made.

    Attributes:
        crop_side: pixels, shrunk to 320; 320 itself is not resized and drifts by JPEG only.
        jpeg_quality: of the file between compositing and resizing; 0: there is none.
    """

    crop_side: int
    jpeg_quality: int = 0

    @property
    def name(self) -> str:
        """In the record."""
        quality = self.jpeg_quality
        return f"{self.crop_side} jpeg {quality}" if quality else str(self.crop_side)


CASES = (
    *(Case(side) for side in CROP_SIDES),
    *(Case(side, quality) for side in (*CROP_SIDES, 320) for quality in JPEG_QUALITIES),
)


class Drift(NamedTuple):
    """One example composited in both orders.

    Attributes:
        after: [S, S, 3] float32, grey levels: composited after resizing, as alpha, foreground and
            background of the example say.
        before: the same composited before resizing.
        unknown: [S, S] bool.
    """

    after: np.ndarray
    before: np.ndarray
    unknown: np.ndarray

    def differences(self) -> np.ndarray:
        """[N] grey levels: the absolute difference of each colour of each unknown pixel."""
        return np.abs(self.before - self.after)[self.unknown].ravel()


def render_drift(kind: str, seed: int, case: Case, index: int = 0) -> Drift:
    """Makes one training example twice, in both orders, with the pipeline's own steps.

    Args:
        kind: of the matte.
        seed: of matte, colours, background and the example's decisions.
        case: how it is made.
        index: of the example.
    """
    import_tensorflow()
    import tensorflow as tf

    from dim_tf.examples.transforms import draw_decisions, make_example, resize

    purpose = zlib.crc32(b"drift")
    rng = np.random.default_rng([seed, purpose, index, DEFAULT_KINDS.index(kind)])
    matte_seed, colour_seed, background_seed = rng.integers(2**32, size=3).tolist()
    alpha = render_matte(kind, matte_seed, _SIDE)
    example = {
        "alpha": tf.constant(alpha[..., None]),
        "eps": tf.constant(foreground_colours(alpha, [], colour_seed)),
        "background": tf.constant(render_texture(background_seed, (_SIDE, _SIDE))),
    }
    config = ExampleConfig(crop_sizes=(case.crop_side,), crop_safety="pull_back")
    decisions = draw_decisions(seed, tf.constant(index, tf.int64), config)
    after = make_example(example, decisions, config)
    if case.jpeg_quality:
        large = dataclasses.replace(config, input_size=case.crop_side)
        photo = make_example(example, decisions, large)["rgb"].numpy()
        photo = tf.constant(_as_jpeg(photo, case.jpeg_quality), tf.float32)
        before = resize({"rgb": photo}, config.input_size)
    else:
        config = dataclasses.replace(config, composite="before_resize")
        before = make_example(example, decisions, config)
    return Drift(
        after["rgb"].numpy(), before["rgb"].numpy(), after["trimap"].numpy()[..., 0] == UNKNOWN
    )


def _as_jpeg(photo: np.ndarray, quality: int) -> np.ndarray:
    """[H, W, 3] uint8: what is read of a JPEG file of a photo in grey levels."""
    bgr = np.round(np.clip(photo, 0, 255)).astype(np.uint8)[..., ::-1]
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]


def drift_statistics(mattes: int, seed: int = 1) -> dict[str, dict[str, list[float]]]:
    """Mean, 99th percentile and maximum of the drift in the unknown region, grey levels.

    Args:
        mattes: of each kind.
        seed: of all of them.

    Returns:
        Name of the case → kind of matte → [mean, 99th percentile, maximum].
    """
    return {
        case.name: {
            kind: _summary(
                np.concatenate(
                    [render_drift(kind, seed, case, index).differences() for index in range(mattes)]
                )
            )
            for kind in DEFAULT_KINDS
        }
        for case in CASES
    }


def _summary(differences: np.ndarray) -> list[float]:
    return [
        float(differences.mean()),
        float(np.percentile(differences, 99)),
        float(differences.max()),
    ]


def draw_drift(seed: int = 1) -> np.ndarray:
    """[H, W, 3] uint8: an example in both orders, and their difference amplified 8 times, without
    and with a JPEG file in between.

    The part of it that drifts most, each pixel as 2 × 2.
    """
    drift = render_drift(_SHOWN_KIND, seed, Case(CROP_SIDES[0]))
    compressed = render_drift(_SHOWN_KIND, seed, Case(CROP_SIDES[0], JPEG_QUALITIES[-1]))
    difference = np.abs(drift.before - drift.after)
    difference_of_jpeg = np.abs(compressed.before - compressed.after)
    part = _strongest_part(difference.sum(axis=2))
    parts = []
    for title, picture in (
        ("composited after resizing", drift.after),
        ("composited before resizing", drift.before),
        (f"difference x {_AMPLIFIED}", difference * _AMPLIFIED),
        (
            f"difference x {_AMPLIFIED}, JPEG {JPEG_QUALITIES[-1]} between",
            difference_of_jpeg * _AMPLIFIED,
        ),
    ):
        picture = np.round(np.clip(picture[part], 0, 255)).astype(np.uint8)
        picture = picture.repeat(2, axis=0).repeat(2, axis=1)
        parts.append(np.concatenate([text_strip(title, picture.shape[1]), picture]))
    gap = np.full((parts[0].shape[0], 8, 3), 255, np.uint8)
    pieces = [piece for picture in parts for piece in (gap, picture)]
    return np.concatenate(pieces[1:], axis=1)


def _strongest_part(values: np.ndarray) -> tuple[slice, slice]:
    """The square window of a picture with the largest sum."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    side = _SHOWN_SIDE
    in_window = (
        sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    )
    top, left = np.unravel_index(np.argmax(in_window), in_window.shape)
    return slice(top, top + side), slice(left, left + side)


def measure_drift(config: AblationConfig) -> None:
    """Writes the record of the drift and its picture, if they are not there for as many mattes.

    Raises:
        InputError: the record is damaged, or a file cannot be written.
    """
    records_dir = Path(config.records_dir)
    image = records_dir.parent / DRIFT_IMAGE
    recorded = read_drift(records_dir)
    if recorded and recorded["mattes"] == config.drift_mattes and image.exists():
        return
    print("Measuring the drift of the ground truth.", flush=True)
    statistics = drift_statistics(config.drift_mattes)
    write_png(image, draw_drift())
    content = {"mattes": config.drift_mattes, "grey levels": statistics}
    write_bytes(records_dir / DRIFT_RECORD, json_text(content).encode())


def read_drift(records_dir: str | Path) -> dict | None:
    """The record of the drift: `mattes`, and `grey levels` as `drift_statistics` gives them.

    None where there is none, or one of a program that measured less.

    Raises:
        InputError: it is damaged.
    """
    path = Path(records_dir) / DRIFT_RECORD
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_bytes())
        cases = record["grey levels"]
        sound = type(record["mattes"]) is int and all(
            len(cases[name][kind]) == 3 and np.isfinite(cases[name][kind]).all()
            for name in cases
            for kind in DEFAULT_KINDS
        )
        whole = {case.name for case in CASES} <= cases.keys()
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        sound = False
    if not sound:
        raise InputError(f"{path} is damaged; delete it, and drift measures it anew.")
    return record if whole else None
