"""What a run tells: the loss log, TensorBoard, the status line, and alarms."""

import csv
import io
import sys
from collections import deque
from pathlib import Path

import numpy as np
import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB
from dim_tf.files import write_bytes
from dim_tf.model.losses import merge_with_trimap

LOSS_LOG_NAME = "loss_log.csv"
LOSS_LOG_COLUMNS = (
    "step",
    "total_loss",
    "alpha_loss",
    "comp_loss",
    "unknown_error",
    "mean_unknown_alpha",
    "learning_rate",
)


class LossLog:
    """One CSV row per step, exact to the last bit of a float32.

    A run that resumes at a step cuts off the rows behind it, so that no step stands there twice.
    """

    def __init__(self, run_dir: Path, step: int) -> None:
        self._path = run_dir / LOSS_LOG_NAME
        kept = [row for row in read_loss_log(run_dir) if int(row["step"]) <= step]
        text = io.StringIO()
        writer = csv.DictWriter(text, LOSS_LOG_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
        write_bytes(self._path, text.getvalue().encode())
        self._file = self._path.open("a", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, LOSS_LOG_COLUMNS, lineterminator="\n")

    def append(self, values: dict[str, float]) -> None:
        """Adds the row of a step; it reaches the disk with the next `flush`."""
        self._writer.writerow({name: repr(values[name]) for name in LOSS_LOG_COLUMNS})

    def flush(self) -> None:
        """Hands all rows to the operating system; called before every checkpoint."""
        self._file.flush()

    def close(self) -> None:
        """Writes what is left and closes the file."""
        self._file.close()


def read_loss_log(run_dir: Path) -> list[dict[str, str]]:
    """The complete rows of a run's loss log; empty where there is none."""
    try:
        text = (run_dir / LOSS_LOG_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    # A killed process can leave half a line behind.
    complete = text[: text.rfind("\n") + 1]
    return list(csv.DictReader(io.StringIO(complete)))


class CollapseAlarm:
    """Warns when the prediction has been all black or all white for many steps.

    The blog met this without batch norm: the sigmoid saturates and nothing is learned any more.
    """

    def __init__(self, steps: int = 200, black: float = 0.02, white: float = 0.98) -> None:
        self._recent: deque[float] = deque(maxlen=steps)
        self._black = black
        self._white = white

    def update(self, mean_unknown_alpha: float) -> str | None:
        """Takes the mean prediction on unknown pixels of a step; returns a warning or None."""
        self._recent.append(mean_unknown_alpha)
        if len(self._recent) < self._recent.maxlen:
            return None
        if max(self._recent) < self._black:
            colour = "black"
        elif min(self._recent) > self._white:
            colour = "white"
        else:
            return None
        steps = len(self._recent)
        self._recent.clear()
        return (
            f"The prediction has been all {colour} for {steps} steps. Usual causes: no batch norm "
            "(--nobatch_norm) with a learning rate above 1e-5, or no initial weights "
            "(--vgg_weights) for the encoder."
        )


class StatusLine:
    """One line on stderr that is rewritten; where that is no terminal, a line now and then."""

    def __init__(self, show: bool) -> None:
        self._show = show
        self._is_terminal = sys.stderr.isatty()

    def update(self, step: int, steps: int, means: dict[str, float], step_time: float) -> None:
        """Shows where the run is: loss and error as means, step time, time left."""
        if not self._show:
            return
        minutes = (steps - step) * step_time / 60
        left = f"{minutes / 60:.1f} h" if minutes > 90 else f"{minutes:.0f} min"
        text = (
            f"step {step}/{steps}  loss {means['total_loss']:.4f}  "
            f"unknown error {means['unknown_error']:.4f}  {step_time:.2f} s/step  {left} left"
        )
        if self._is_terminal:
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Ends the line."""
        if self._show and self._is_terminal:
            print(file=sys.stderr)


class TensorBoard:
    """Scalars and pictures of a run under run_dir/tensorboard."""

    def __init__(self, run_dir: Path) -> None:
        self._writer = tf.summary.create_file_writer(str(run_dir / "tensorboard"))

    def scalars(self, step: int, values: dict[str, float], group: str) -> None:
        """Writes scalars as <group>/<name>."""
        with self._writer.as_default(step):
            for name, value in values.items():
                _write_summary("scalars", f"{group}/{name}", tf.constant(value, tf.float32))

    def images(self, step: int, example: dict[str, tf.Tensor], predicted_alpha: tf.Tensor) -> None:
        """Writes input, trimap, prediction, composite and ground truth of a batch."""
        merged = merge_with_trimap(predicted_alpha, example["trimap"])
        composite = merged * example["foreground"] + (1 - merged) * example["background"]
        photo = example["image_and_trimap"][..., :3] + tf.constant(IMAGE_MEAN_RGB)
        pictures = {
            "1_photo": photo / 255.0,
            "2_trimap": example["trimap"] / 255.0,
            "3_prediction": predicted_alpha,
            "4_merged": merged,
            "5_ground_truth": example["alpha"],
            "6_composite": composite / 255.0,
        }
        with self._writer.as_default(step):
            for name, picture in pictures.items():
                grey_levels = tf.cast(tf.round(tf.clip_by_value(picture, 0, 1) * 255), tf.uint8)
                encoded = tf.map_fn(tf.io.encode_png, grey_levels, fn_output_signature=tf.string)
                size = [str(side) for side in picture.shape[2:0:-1]]
                _write_summary("images", name, tf.concat([size, encoded], axis=0))

    def flush(self) -> None:
        """Writes what is buffered."""
        self._writer.flush()

    def close(self) -> None:
        """Writes what is buffered and closes the files."""
        self._writer.close()


def _write_summary(plugin: str, name: str, value: tf.Tensor) -> None:
    """What tf.summary.scalar and tf.summary.image write; those need the tensorboard package."""
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin)
    )
    tf.summary.write(name, value, metadata=metadata)


def mean_of(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each value over rows of the loss log, `step` left out."""
    return {
        name: float(np.mean([row[name] for row in rows]))
        for name in LOSS_LOG_COLUMNS
        if name != "step"
    }
