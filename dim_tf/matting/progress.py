"""How far a matte is, for whoever waits for it."""

from collections.abc import Callable
from typing import Literal

# What is being done: the network's pass, the post-processing, the colours of a cut-out.
Step = Literal["network", "colours", "cutout"]
# Is told the step, how much of it is done, and of how much. What it raises ends the computing.
# A cut-out's colours are computed by several threads, which all call it.
Progress = Callable[[Step, int, int], None]


def untold(step: Step, done: int, of: int) -> None:
    """Nobody waits."""
