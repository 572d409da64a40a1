"""What a run passes over: examples that cannot be made, and steps that are not finite."""

from collections.abc import Mapping

import keras
import numpy as np
from absl import logging

from dim_tf.dataset.manifest import Manifest
from dim_tf.examples.pipeline import (
    examples_of_step,
    nothing_unknown,
    pair_of_example,
    what_is_wrong,
)


class SkippedExamples:
    """Names and counts the pairs of the dataset that gave no example.

    Attributes:
        counts: how often, by the sentence on what is wrong.
    """

    def __init__(
        self, manifest: Manifest, seed: int, batch_size: int, overfit: int, counts: dict[str, int]
    ) -> None:
        """Takes what `training_examples` was given, and the counts of the steps before."""
        self.counts = counts
        self._manifest = manifest
        self._seed = seed
        self._batch_size = batch_size
        self._overfit = overfit
        self._reasons: dict[int, str] = {}

    def note(self, step: int, attempts: np.ndarray) -> None:
        """Counts the pairs that were passed over in a step; a new reason is told.

        Args:
            step: counted from 1.
            attempts: [B] `attempt` of its examples.
        """
        indices = examples_of_step(step, self._batch_size, self._overfit)
        for position in np.flatnonzero(attempts).tolist():
            for attempt in range(attempts[position]):
                self._count(indices[position], attempt)

    def _count(self, index: int, attempt: int) -> None:
        manifest = self._manifest
        pair = int(pair_of_example(index, len(manifest), self._seed, attempt))
        if pair not in self._reasons:
            self._reasons[pair] = what_is_wrong(manifest, pair) or nothing_unknown(manifest, [pair])
        reason = self._reasons[pair]
        if reason not in self.counts:
            logging.warning(
                "Example %d (%s on %s) is skipped, another one takes its place: %s",
                *(index, manifest.foreground_name(pair), manifest.background_name(pair), reason),
            )
        self.counts[reason] = self.counts.get(reason, 0) + 1


def what_is_not_finite(
    step: int, values: Mapping[str, float], norms: np.ndarray, variables: list[keras.Variable]
) -> str | None:
    """The beginning of a sentence on a step that ruins the weights, or None where all is well.

    Args:
        step: counted from 1.
        values: with `total_loss`.
        norms: [V] of the gradients.
        variables: they belong to, from the input to the output.
    """
    if not np.isfinite(values["total_loss"]):
        return f"The loss at step {step} is {values['total_loss']}"
    broken = np.flatnonzero(~np.isfinite(norms))
    if not broken.size:
        return None
    # Gradients flow from the output to the input: the last layer is where it began.
    layers = list(dict.fromkeys(variables[number].path.split("/")[0] for number in broken))
    others = f" and of {len(layers) - 1} layers before it" if len(layers) > 1 else ""
    return f"The gradient of layer {layers[-1]}{others} at step {step} is not finite"
