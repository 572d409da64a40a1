"""What a run says where its next batch cannot be made."""

import tensorflow as tf

from dim_tf.config import RunConfig
from dim_tf.dataset.manifest import PICTURE_FOLDERS, Manifest
from dim_tf.examples.pipeline import dataset_error, examples_of_step
from dim_tf.examples.service import OUT_OF_ORDER
from dim_tf.system.errors import InputError, said_by_operation
from dim_tf.training.from_service import NoBatchError


def error_of_examples(
    error: tf.errors.OpError | NoBatchError,
    manifest: Manifest,
    run: RunConfig,
    step: int,
    last_checkpoint: str,
) -> InputError:
    """The sentence for a batch that did not come.

    Args:
        error: what came in its place.
        manifest: of the dataset.
        run: the run.
        step: the batch is of, counted from 1.
        last_checkpoint: what a sentence says of it.
    """
    if OUT_OF_ORDER in str(error):
        return InputError(
            f"--data_service={run.workers.data_service} gave other examples than were due; start "
            "it anew, with one worker, and the same command goes on."
        )
    of_examples = isinstance(error, tf.errors.InvalidArgumentError | tf.errors.OutOfRangeError)
    if isinstance(error, tf.errors.NotFoundError | tf.errors.PermissionDeniedError):
        # Of a picture, not of what the service lost.
        of_examples = any(str(manifest.data_dir / kind) in str(error) for kind in PICTURE_FOLDERS)
    if run.workers.data_service and not of_examples:
        return InputError(
            f"--data_service={run.workers.data_service} gives no examples any more "
            f"({said_by_operation(error)}); {last_checkpoint}. Start it anew, with one worker, and "
            "the same command goes on."
        )
    indices = examples_of_step(step, run.optimization.batch_size, run.overfit)
    refusal = dataset_error(error, manifest, run.seed, indices)
    return InputError(f"{refusal} The run stops; {last_checkpoint}.")
