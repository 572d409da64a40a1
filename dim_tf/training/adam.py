"""Adam with TensorFlow's fused kernel."""

import keras
import tensorflow as tf


class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` in one op per variable instead of a dozen.

    The same formula and the same variables, so that checkpoints fit both. Of 26 million weights a
    dozen passes through memory cost about as much as a tenth of the convolutions.

    Gradients come summed over the replicas of a strategy, where there are several: so they are
    clipped as one device would, and each replica moves its own copy by the same amount.
    """

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Moves a variable and its two moments; `gradient` has the variable's shape, float32."""
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def _backend_update_step(
        self,
        grads: list[tf.Tensor],
        trainable_variables: list[keras.Variable],
        learning_rate: tf.Tensor,
    ) -> None:
        """What Keras does with every backend but TensorFlow, where it would sum once more."""
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, variable.value, learning_rate)
