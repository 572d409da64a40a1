"""What a run tells of its steps."""

import math

import torch

from dim_tf.system.errors import InputError
from recipes.accelerated.clock import Clock
from recipes.accelerated.learner import Learner
from recipes.accelerated.losses import Losses


class Report:
    """Progress lines, with means over the steps since the line before."""

    def __init__(self, device: torch.device, clock: Clock, seconds: float, examples: int) -> None:
        """Begins at no step.

        Args:
            device: of the losses.
            clock: of the run.
            seconds: when the run is over.
            examples: learned from before.
        """
        self._sums = torch.zeros(len(Losses._fields), device=device)
        self._steps = 0
        self._clock = clock
        self._seconds = seconds
        self._last = (clock.seconds, examples)

    def add(self, losses: Losses) -> None:
        """Counts a step; the device need not be waited for."""
        self._sums += torch.stack(losses)
        self._steps += 1

    def print(self, learner: Learner, examples: int, mattes: int) -> None:
        """Prints a line and begins anew.

        Raises:
            InputError: see `refuse_not_finite`.
        """
        self.refuse_not_finite(learner)
        means = Losses(*(self._sums / self._steps).tolist())
        seconds = self._clock.seconds
        rate = (examples - self._last[1]) / max(seconds - self._last[0], 1e-6)
        print(
            f"step {learner.step}  {examples} examples  loss {means.matting:.4f}  "
            f"error {means.error:.4f}  certainty {means.certainty:.3f}  "
            f"learning rate {learner.rate:.2e}  {mattes} mattes  {rate:.1f} examples/s  "
            f"{max(self._seconds - seconds, 0):.0f} s left",
            flush=True,
        )
        self._sums.zero_()
        self._steps = 0
        self._last = (seconds, examples)

    def refuse_not_finite(self, learner: Learner) -> None:
        """Ends the run where a loss was not finite since the line before, or a weight is not.

        A finite loss may have a gradient that is not, and its step is only seen in the weights.

        Raises:
            InputError: it was.
        """
        if not (math.isfinite(self._sums.sum().item()) and learner.is_finite()):
            raise InputError(
                f"The loss is not finite, at step {learner.step} or shortly before; the state on "
                "disk is from before, begin another --run_dir with a lower --learning_rate."
            )
