"""Trains the shipped network for some minutes on a GPU, from a pack.

    python -m recipes.accelerated.train --pack=pack.npz --run_dir=runs/accelerated \
        --weights=checkpoints/deep_image_matting.npz

A run that was stopped goes on with the same command. Without a GPU it works as well, slowly.
"""

import importlib.util
import shlex
import sys
from pathlib import Path

from dim_tf.commands.script import STOPPED_BY, Command, run_script
from dim_tf.system.errors import InputError, printable
from recipes.accelerated.settings import TrainSettings


def start_run(settings: TrainSettings) -> None:
    """Trains and says what to do next.

    Raises:
        InputError: see `recipes.accelerated.loop.train`.
    """
    for name in ("pack", "weights", "run_dir"):
        if not getattr(settings, name):
            raise InputError(f"--{name} is missing; give one (see --help).")
    if not importlib.util.find_spec("torch"):
        raise InputError("PyTorch is missing; pip install -e '.[accelerated]'.")
    # Not earlier: the processes that draw mattes import this file, and need no PyTorch.
    from recipes.accelerated.loop import AVERAGE_NAME, train

    stopped_by = train(settings)
    if stopped_by:
        sys.exit(STOPPED_BY + stopped_by)
    weights = shlex.quote(str(Path(settings.run_dir) / AVERAGE_NAME))
    print(printable(f"Try it: python test.py --checkpoint={weights}"))


if __name__ == "__main__":
    run_script(Command(TrainSettings, start_run))
