"""One training step."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dim_tf.config import LossConfig, OptimizationConfig
from dim_tf.model.losses import certainty_loss, matting_losses, unknown_error, unknown_region
from dim_tf.model.network import alpha_and_log_scale, first_stage


def trained_variables(train_stage: str, network: keras.Model) -> list[keras.Variable]:
    """The variables that learn, from the input to the output, as `train_step` counts them."""
    return _trained_part(train_stage, network).trainable_variables


def _trained_part(train_stage: str, network: keras.Model) -> keras.Model:
    return first_stage(network) if train_stage == "encoder_decoder" else network


def make_train_step(
    loss: LossConfig,
    optimization: OptimizationConfig,
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    strategy: tf.distribute.Strategy,
) -> Callable[[Any], dict[str, tf.Tensor]]:
    """The step as a compiled function: a batch in, weights moved, the values of the loss log out.

    Args:
        loss: what is minimised.
        optimization: which weights learn, how batch norm does, and whether steps may be skipped.
        network: built in the strategy's scope.
        optimizer: likewise.
        strategy: of the run.

    Returns:
        A function from a (distributed) batch of examples to scalars: `alpha_loss`, `comp_loss`,
        `total_loss`, `unknown_error` and `mean_unknown_alpha`, as means over the replicas, and
        `certainty_loss` of a network with certainty, which `total_loss` does not contain; and
        `gradient_norms` [V], half the squared norm of the gradient of each variable in
        `trained_variables`. Where one of these or the loss is not finite and `skip_nonfinite` is
        not 0, the step leaves weights, statistics and optimizer as they were.
    """
    trained = _trained_part(optimization.train_stage, network)
    variables = trained.trainable_variables
    statistics = trained.non_trainable_variables
    replicas = strategy.num_replicas_in_sync
    # Keras cannot apply gradients of several replicas in a branch of the graph; see `loop`.
    skips = optimization.skip_nonfinite > 0

    def step_of_replica(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        before = [tf.identity(variable.value) for variable in statistics] if skips else []
        with tf.GradientTape() as tape:
            # Only batch norm asks whether it is training.
            training = not optimization.freeze_batch_norm
            output = trained(example["image_and_trimap"], training=training)
            alpha, log_scale = alpha_and_log_scale(output)
            losses = matting_losses(alpha, example, loss)
            objective = losses["total_loss"]
            if log_scale is not None:
                losses["certainty_loss"] = certainty_loss(
                    alpha, log_scale, example["alpha"], unknown_region(example["trimap"])
                )
                objective += losses["certainty_loss"]
            # The optimizer sums gradients over the replicas.
            objective /= replicas
        # The bias before a batch norm has no gradient, and Adam then leaves it alone.
        gradients = tape.gradient(
            objective,
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        # One pass over the gradients, without a copy of them.
        norms = tf.stack([tf.nn.l2_loss(gradient) for gradient in gradients])
        if skips:
            finite = tf.reduce_all(tf.math.is_finite(norms)) & tf.math.is_finite(objective)
            tf.cond(finite, lambda: optimizer.apply(gradients, variables), lambda: None)
            for variable, value in zip(statistics, before, strict=True):
                variable.assign(tf.where(finite, variable.value, value))
        else:
            optimizer.apply(gradients, variables)
        unknown = unknown_region(example["trimap"])
        return losses | {
            "gradient_norms": norms,
            "unknown_error": unknown_error(alpha, example["alpha"], example["trimap"]),
            "mean_unknown_alpha": tf.math.divide_no_nan(
                tf.reduce_sum(alpha * unknown), tf.reduce_sum(unknown)
            ),
        }

    @tf.function
    def step(batch: Any) -> dict[str, tf.Tensor]:
        values = strategy.run(step_of_replica, args=(batch,))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
            for name, value in values.items()
        }

    return step
