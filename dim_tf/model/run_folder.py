"""Where a run keeps its weights. No TensorFlow here.

run_dir/checkpoints/step-00000200.npz   network, optimizer, step, best record
run_dir/checkpoints/best.npz            the network with the smallest validation error so far
"""

import re
from pathlib import Path

CHECKPOINT_FOLDER = "checkpoints"
BEST_NAME = "best.npz"
_STEP_NAME = re.compile(r"step-(\d{8,})\.npz")


def checkpoint_path(run_dir: Path, step: int) -> Path:
    """Where the checkpoint of a step is kept."""
    return run_dir / CHECKPOINT_FOLDER / f"step-{step:08d}.npz"


def best_path(run_dir: Path) -> Path:
    """Where the network with the smallest validation error is kept."""
    return run_dir / CHECKPOINT_FOLDER / BEST_NAME


def list_checkpoints(run_dir: Path) -> list[Path]:
    """The checkpoints of a run, newest first; damaged ones are not sorted out."""
    folder = run_dir / CHECKPOINT_FOLDER
    named = [path for path in folder.glob("step-*.npz") if _STEP_NAME.fullmatch(path.name)]
    return sorted((path for path in named if path.is_file()), key=step_of, reverse=True)


def step_of(path: Path) -> int:
    """The step after which a checkpoint of `list_checkpoints` was written."""
    return int(_STEP_NAME.fullmatch(path.name).group(1))
