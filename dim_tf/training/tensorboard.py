"""Scalars and pictures of a run for TensorBoard."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB
from dim_tf.model.losses import merge_with_trimap
from dim_tf.system.errors import said_by_operation
from dim_tf.system.files import WriteError, writing

TENSORBOARD_FOLDER = "tensorboard"
_EVENT_FILES = "events.out.tfevents.*"
# Of a record in an event file, beside its content: length, and checksums of length and content.
_RECORD_OVERHEAD = 16


class TensorBoard:
    """Scalars and pictures of a run under run_dir/tensorboard.

    A run that resumes at a step cuts off what stands there of later steps, so that no step is shown
    twice.
    """

    def __init__(self, run_dir: Path, step: int) -> None:
        """Raises: WriteError where its folder cannot be written to."""
        self._folder = run_dir / TENSORBOARD_FOLDER
        with writing(self._folder), self._telling():
            for path in self._folder.glob(_EVENT_FILES):
                _cut_off_after(path, step)
            self._writer = tf.summary.create_file_writer(os.fsencode(self._folder))

    def scalars(self, step: int, values: dict[str, float], group: str) -> None:
        """Writes scalars as <group>/<name>."""
        with self._telling(), self._writer.as_default(step):
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
        with self._telling(), self._writer.as_default(step):
            for name, picture in pictures.items():
                grey_levels = tf.cast(tf.round(tf.clip_by_value(picture, 0, 1) * 255), tf.uint8)
                encoded = tf.map_fn(tf.io.encode_png, grey_levels, fn_output_signature=tf.string)
                size = [str(side) for side in picture.shape[2:0:-1]]
                _write_summary("images", name, tf.concat([size, encoded], axis=0))

    def flush(self) -> None:
        """Writes what is buffered; called before every checkpoint.

        Raises:
            WriteError: there is no room for it.
        """
        with self._telling():
            self._writer.flush()

    def close(self) -> None:
        """Writes what is buffered, if there is room, and closes the files."""
        with contextlib.suppress(tf.errors.OpError):
            self._writer.close()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            said = said_by_operation(error)
            raise WriteError(f"{self._folder} cannot be written: {said}.") from None


def _cut_off_after(path: Path, step: int) -> None:
    """Shortens an event file to its whole records of up to a step; removes it if none is left.

    A process writes its events in the order of their steps, and a killed one can leave half a
    record at the end.
    """
    length, holds_summaries = 0, False
    with contextlib.suppress(tf.errors.DataLossError):
        for record in tf.data.TFRecordDataset(os.fsencode(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            if event.step > step:
                break
            holds_summaries |= event.HasField("summary")
            length += len(record) + _RECORD_OVERHEAD
    if not holds_summaries:
        path.unlink()
    elif length < path.stat().st_size:
        os.truncate(path, length)


def _write_summary(plugin: str, name: str, value: tf.Tensor) -> None:
    """What tf.summary.scalar and tf.summary.image write; those need the tensorboard package."""
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin)
    )
    tf.summary.write(name, value, metadata=metadata)
