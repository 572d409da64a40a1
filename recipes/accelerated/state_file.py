"""The state of a run on disk: one file from which the same command goes on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from dim_tf.config import values_of
from dim_tf.system.errors import InputError
from dim_tf.system.npz import text_array, text_of, write_npz
from recipes.accelerated.draws import Draws
from recipes.accelerated.learner import Learner
from recipes.accelerated.reading import read_or_refuse
from recipes.accelerated.settings import TrainSettings

STATE_NAME = "state.npz"
# There is no other copy of it.
_INSTEAD = "delete it to begin anew, or give another --run_dir"

_LEARNER, _DRAWS = "learner/", "draws/"
# Settings that a run may go on with another value of.
_FREE_SETTINGS = ("ring", "statistics_batches", "keep_at")


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        seconds: spent training.
        examples: learned from.
        mattes: procedural ones drawn.
        next_matte: number of the next one, more than were drawn where some were not taken; a state
            may be older than it.
    """

    seconds: float = 0.0
    examples: int = 0
    mattes: int = 0
    next_matte: int = 0


def write_state(
    run_dir: Path,
    settings: TrainSettings,
    inputs: Mapping[str, str],
    progress: Progress,
    learner: Learner,
    draws: Draws,
) -> None:
    """Writes the state, complete or not at all.

    Args:
        run_dir: of the run.
        settings: of the run.
        inputs: flag of each file that the run reads → a text that changes with what it holds.
        progress: how far the run is.
        learner: so far.
        draws: so far.

    Raises:
        InputError: it cannot be written.
    """
    arrays = {
        "settings": text_array(_settings_of_run(settings)),
        "inputs": text_array(dict(inputs)),
        "progress": text_array(progress._asdict()),
    }
    arrays |= {f"{_LEARNER}{name}": array for name, array in learner.state().items()}
    arrays |= {f"{_DRAWS}{name}": state.numpy() for name, state in draws.state().items()}
    write_npz(run_dir / STATE_NAME, arrays)


def go_on_from_state(
    run_dir: Path,
    settings: TrainSettings,
    inputs: Mapping[str, str],
    learner: Learner,
    draws: Draws,
) -> Progress | None:
    """Sets learner and draws to where a run was left.

    Args:
        run_dir: of the run.
        settings: must be those that the run was begun with, but for those that are free.
        inputs: see `write_state`; the same.
        learner: of the same network.
        draws: any.

    Returns:
        How far it was; None where there is no state.

    Raises:
        InputError: the state is damaged, or of a run with other settings or files.
    """
    path = run_dir / STATE_NAME
    if not path.exists():
        return None
    arrays = read_or_refuse(path, "state of a run", _INSTEAD)
    try:
        _refuse_other_settings(run_dir, text_of(arrays["settings"]), settings)
        if "inputs" in arrays:  # the state may be older than the record of them
            _refuse_other_inputs(run_dir, text_of(arrays["inputs"]), inputs)
        progress = Progress(**text_of(arrays["progress"]))
        learner.set_state(_with_prefix(arrays, _LEARNER))
        states = _with_prefix(arrays, _DRAWS)
        draws.set_state({name: torch.from_numpy(state) for name, state in states.items()})
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(
            f"{path} is damaged or of another network ({error}); {_INSTEAD}."
        ) from None
    return progress


def _with_prefix(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _settings_of_run(settings: TrainSettings) -> dict[str, Any]:
    """The settings that shape a run, as JSON says them."""
    values: dict[str, Any] = {}
    for part in (settings.losses, settings.examples, settings.optimization):
        values |= values_of(part)
    values = {name: value for name, value in values.items() if name not in _FREE_SETTINGS}
    return json.loads(json.dumps(values))


def _refuse_other_settings(
    run_dir: Path, begun_with: dict[str, Any], settings: TrainSettings
) -> None:
    # The run may be older than a setting, and then went by what is its default now.
    begun_with = _settings_of_run(TrainSettings()) | begun_with
    for name, value in _settings_of_run(settings).items():
        begun = begun_with[name]
        if begun != value:
            text = ",".join(map(str, begun)) if isinstance(begun, list) else begun
            raise InputError(
                f"{run_dir} holds a run begun with --{name}={text}; give the same, or another "
                "--run_dir."
            )


def _refuse_other_inputs(
    run_dir: Path, begun_with: dict[str, str], inputs: Mapping[str, str]
) -> None:
    for name, text in inputs.items():
        if begun_with.get(name) != text:
            raise InputError(
                f"{run_dir} holds a run begun with a --{name} of {begun_with.get(name)}, and this "
                f"one holds {text}; give the same file, or another --run_dir."
            )
