"""One training step."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dim_tf.config import LossConfig, OptimizationConfig
from dim_tf.model.losses import (
    Divisors,
    certainty_loss,
    divisors,
    matting_losses,
    unknown_error,
    unknown_mean,
    unknown_region,
)
from dim_tf.model.network import alpha_and_log_scale, first_stage
from dim_tf.model.replicas import sum_over_replicas


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
) -> Callable[..., dict[str, tf.Tensor]]:
    """The step as a compiled function: a batch in, weights moved, the values of the loss log out.

    Each replica has a part of the batch, and what they do together is what one does with all of it:
    losses, gradients and the statistics of batch norm are those of the whole batch.

    Args:
        loss: what is minimised.
        optimization: which weights learn, how batch norm does, and whether steps may be skipped.
        network: built in the strategy's scope.
        optimizer: likewise; a `FusedAdam`, which takes gradients that are summed already.
        strategy: of the run.

    Returns:
        A function of a (distributed) batch of examples, and of `stop`, a scalar float32 that says
        whether this process was asked to stop. It returns, the same on every replica, the scalars
        `alpha_loss`, `comp_loss`, `total_loss`, `unknown_error` and `mean_unknown_alpha`; where its
        weight is not 0 `laplacian_loss`, which `total_loss` contains; `certainty_loss` of a network
        with certainty, which it does not contain; `stop`,
        summed over the replicas; `attempt` [B] float32, of all examples; and `gradient_norms` [V],
        half the squared norm of the gradient of each variable in `trained_variables`. Where one of
        these or the loss is not finite and `skip_nonfinite` is not 0, the step leaves weights,
        statistics and optimizer as they were.
    """
    trained = _trained_part(optimization.train_stage, network)
    variables = trained.trainable_variables
    statistics = trained.non_trainable_variables
    # Keras cannot count an optimizer's steps on several replicas in a branch; see `settled`.
    skips = optimization.skip_nonfinite > 0

    def step_of_replica(example: dict[str, tf.Tensor], stop: tf.Tensor) -> dict[str, tf.Tensor]:
        before = [tf.identity(variable.value) for variable in statistics] if skips else []
        trimap = example["trimap"]
        # Behind these, each value is this replica's part of a sum.
        whole = Divisors(*tf.unstack(sum_over_replicas(tf.stack(divisors(trimap, loss)))))
        with tf.GradientTape() as tape:
            # Only batch norm asks whether it is training.
            training = not optimization.freeze_batch_norm
            output = trained(example["image_and_trimap"], training=training)
            alpha, log_scale = alpha_and_log_scale(output)
            losses = matting_losses(alpha, example, loss, whole)
            objective = losses["total_loss"]
            if log_scale is not None:
                losses["certainty_loss"] = certainty_loss(
                    alpha, log_scale, example["alpha"], unknown_region(trimap), whole.examples
                )
                objective += losses["certainty_loss"]
        # The bias before a batch norm has no gradient, and Adam then leaves it alone.
        gradients = tape.gradient(
            objective,
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        gradients = sum_over_replicas(gradients)
        # One pass over the gradients, without a copy of them.
        norms = tf.stack([tf.nn.l2_loss(gradient) for gradient in gradients])
        if skips:
            finite = tf.reduce_all(tf.math.is_finite(norms)) & tf.math.is_finite(objective)
            tf.cond(finite, lambda: optimizer.apply(gradients, variables), lambda: None)
            for variable, value in zip(statistics, before, strict=True):
                variable.assign(tf.where(finite, variable.value, value))
        else:
            optimizer.apply(gradients, variables)
        values = losses | {
            "unknown_error": unknown_error(alpha, example["alpha"], trimap, whole.unknown),
            "mean_unknown_alpha": unknown_mean(alpha, trimap, whole.unknown),
            "stop": stop,
            "attempt": _in_its_place(tf.cast(example["attempt"], tf.float32)),
        }
        return _summed_at_once(values) | {"gradient_norms": norms}

    @tf.function
    def step(batch: Any, stop: tf.Tensor) -> dict[str, tf.Tensor]:
        values = strategy.run(step_of_replica, args=(batch, stop))
        return {
            name: strategy.experimental_local_results(value)[0] for name, value in values.items()
        }

    return step


def _in_its_place(part: tf.Tensor) -> tf.Tensor:
    """[B] of this replica's part, [B / replicas]: zeros where the others' parts are."""
    context = tf.distribute.get_replica_context()
    own = tf.one_hot(context.replica_id_in_sync_group, context.num_replicas_in_sync)
    return tf.reshape(own[:, None] * part, [-1])


def _summed_at_once(values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Scalars and vectors, each summed over the replicas, in one message."""
    lengths = [tf.size(value) for value in values.values()]
    flat = tf.concat([tf.reshape(value, [-1]) for value in values.values()], axis=0)
    parts = tf.split(sum_over_replicas(flat), lengths, num=len(lengths))
    return {
        name: tf.reshape(part, tf.shape(value))
        for (name, value), part in zip(values.items(), parts, strict=True)
    }
