"""What a run begins with: its settings, devices, optimizer, and the weights of step 0."""

import json
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from absl import logging

from dim_tf.config import (
    ExampleConfig,
    NetworkConfig,
    OptimizationConfig,
    RunConfig,
    StartConfig,
    values_of,
)
from dim_tf.dataset.manifest import Manifest
from dim_tf.examples.pipeline import dataset_error, training_examples
from dim_tf.model.architecture import SCALE_LAYER
from dim_tf.model.checkpoint_choice import find_checkpoint
from dim_tf.model.convolution import bfloat16_is_faster_through_float32
from dim_tf.model.original_start import draw_truncated_normal_kernels
from dim_tf.model.refinement_start import draw_correction
from dim_tf.model.vgg16 import assign_vgg16, normalize_vgg16, read_vgg16
from dim_tf.model.weights import assign_network_arrays, network_arrays
from dim_tf.model.weights_file import NETWORK_PREFIX, read_arrays
from dim_tf.system.errors import InputError
from dim_tf.training.adam import FusedAdam
from dim_tf.training.checkpoints import as_started_from, can_start_from, difference

# Examples on which --normalize_vgg measures activations.
NORMALIZATION_EXAMPLES = 4


def warn_of_slow_precision(precision: str) -> None:
    """Says so where bfloat16, meant to be fast, is not.

    That is on processors of PCs without instructions for it; of others and of GPUs it is not known.
    """
    if precision == "bfloat16" and bfloat16_is_faster_through_float32():
        logging.warning(
            "This processor has no bfloat16 instructions: the products are computed in float32, so "
            "--mixed_precision=float32 is as fast and more exact; a run keeps what it began with."
        )


def settings_of(run: RunConfig, manifest: Manifest) -> dict[str, Any]:
    """What must stay as it is for a run to go on: all that decides its examples and its losses."""
    names = ("seed", "batch_size", "overfit", "train_stage", "mixed_precision", "freeze_batch_norm")
    values = values_of(run)
    settings = {name: values[name] for name in names}
    settings |= values_of(run.examples) | values_of(run.losses)
    # As JSON has it: a tuple becomes a list.
    return json.loads(json.dumps(settings | {"data_dir": manifest.fingerprint()}))


def optimization_of(run: RunConfig) -> dict[str, Any]:
    """What may change while a run goes on, kept so that it can be told."""
    return values_of(run.optimization) | {"learning_rate": run.base_learning_rate}


def warn_of_other_optimization(progress: dict[str, Any], run: RunConfig) -> None:
    """Says so where a run goes on with another learning rate or the like than it had so far.

    More steps change nothing of a constant learning rate.

    Args:
        progress: that it goes on from, with what `optimization_of` gave; of older runs it has not.
        run: that goes on.
    """
    before, now = progress.get("optimization", {}), optimization_of(run)
    other = [name for name in before if name in now and before[name] != now[name]]
    if run.optimization.learning_rate_schedule == "constant":
        other = [name for name in other if name != "steps"]
    if other:
        told = ", ".join(f"--{name}={now[name]} (was {before[name]})" for name in other)
        logging.warning(
            "From step %d on this run is another than it was so far: %s.",
            progress["step"] + 1,
            told,
        )


def make_strategy(name: str, batch_size: int) -> tf.distribute.Strategy:
    """The tf.distribute strategy of the run.

    Args:
        name: default, mirrored or multi_worker; the last one before anything else is computed.
        batch_size: examples per step, over all devices of all machines.

    Raises:
        InputError: the batch does not divide over the devices.
    """
    # Its notes on every sum would bury what the run has to say.
    tf.get_logger().setLevel("WARNING")
    strategy = {
        "default": tf.distribute.get_strategy,
        "mirrored": tf.distribute.MirroredStrategy,
        "multi_worker": tf.distribute.MultiWorkerMirroredStrategy,
    }[name]()
    if batch_size % strategy.num_replicas_in_sync:
        raise InputError(
            f"--batch_size={batch_size} does not divide over "
            f"{strategy.num_replicas_in_sync} devices; give a multiple."
        )
    return strategy


def make_optimizer(
    optimization: OptimizationConfig, learning_rate: float, network: keras.Model
) -> keras.optimizers.Optimizer:
    """Adam with its moments made; freezes the layers that `train_stage` leaves out.

    Raises:
        InputError: Keras would keep the learning rate in another type than float32.
    """
    if keras.config.floatx() != "float32":
        raise InputError(
            f"Keras computes in {keras.config.floatx()} by its settings, and training needs "
            'float32; set "floatx" to "float32" in ~/.keras/keras.json.'
        )
    stage = optimization.train_stage
    for layer in network.layers:
        in_refinement = layer.name.startswith("refine")
        if stage != "all" and layer.name != SCALE_LAYER:  # which says how good the stage is
            layer.trainable = in_refinement == (stage == "refinement")
    optimizer = FusedAdam(
        learning_rate,
        clipnorm=optimization.clip_norm or None,
        # Checkpoints call its variables by this; Keras would name a second one in a process adam_1.
        name="adam",
    )
    optimizer.build(network.trainable_variables)
    return optimizer


def initialize_weights(
    start: StartConfig,
    network: keras.Model,
    network_config: NetworkConfig,
    manifest: Manifest,
    examples_config: ExampleConfig,
    seed: int,
) -> None:
    """Gives the network the weights of step 0: from another run, from VGG16, or as it was built.

    Args:
        start: says which.
        network: freshly built.
        network_config: what it was built from.
        manifest: from `open_dataset`; --normalize_vgg measures on its first examples.
        examples_config: from `open_dataset`.
        seed: of the run.

    Raises:
        InputError: weights that are missing, damaged or of another network.
    """
    if start.init_from and start.vgg_weights:
        raise InputError("Give either --init_from or --vgg_weights, not both.")
    if start.initial_kernels == "truncated_normal":
        draw_truncated_normal_kernels(network, seed, network_config.width)
    if start.initial_correction == "random":
        draw_correction(network, seed, network_config.normalize_input)
    if start.init_from:
        path = find_checkpoint(start.init_from)
        arrays, source, _ = read_arrays(path, NETWORK_PREFIX)
        _check_same_function(path, source, network_config)
        # They may come without the refinement stage, and without the certainty.
        may_be_missing = ("/refine", f"/{SCALE_LAYER}/")
        arrays = {
            name: array
            for name, array in network_arrays(network).items()
            if any(part in name for part in may_be_missing)
        } | arrays
        assign_network_arrays(network, arrays, str(path))
    elif start.vgg_weights:
        assigned = assign_vgg16(network, read_vgg16(start.vgg_weights))
        logging.info("VGG16 weights for %s … %s.", assigned[0], assigned[-1])
        if start.normalize_vgg:
            examples = training_examples(
                manifest, examples_config, seed=seed, batch_size=NORMALIZATION_EXAMPLES
            )
            try:
                inputs = next(iter(examples))["image_and_trimap"].numpy()
            except tf.errors.OpError as error:
                indices = range(NORMALIZATION_EXAMPLES)
                raise dataset_error(error, manifest, seed, indices) from None
            normalize_vgg16(network, assigned, inputs, seed)
    elif start.normalize_vgg:
        raise InputError("--normalize_vgg needs --vgg_weights.")
    else:
        logging.info("All weights begin random; --vgg_weights takes VGG16's for the encoder.")


def _check_same_function(path: Path, source: NetworkConfig, network: NetworkConfig) -> None:
    """Refuses weights of another network, also where the shapes of its arrays happen to fit."""
    if not can_start_from(source, network):
        # What may be another one need not be given again.
        source = as_started_from(source, network)
        raise InputError(
            f"--init_from={path} was trained with {difference(vars(source), vars(network))}; give "
            "the same flags."
        )
