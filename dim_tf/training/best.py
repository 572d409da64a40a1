"""The best network of a run, by validation: which one a run that goes on has to beat."""

from pathlib import Path
from typing import Any

from absl import logging

from dim_tf.config import NetworkConfig
from dim_tf.model.run_folder import best_path
from dim_tf.model.weights_file import read_arrays
from dim_tf.system.errors import InputError
from dim_tf.system.files import put_aside

# Of a record, beside `step` and the errors; records older than it lack it.
VALIDATION_SET = "validation_set"


def best_record(step: int, errors: dict[str, float], validation_set: str) -> dict[str, Any]:
    """What is kept of the best validation so far.

    Args:
        step: counted from 1.
        errors: means over the validation set, by name.
        validation_set: from `validation_set_text`.
    """
    return {"step": step} | errors | {VALIDATION_SET: validation_set}


def errors_of(record: dict[str, Any]) -> dict[str, float]:
    """The errors of a record, by name."""
    return {name: value for name, value in record.items() if name not in ("step", VALIDATION_SET)}


def best_so_far(
    run_dir: Path, network: NetworkConfig, noted: dict[str, Any] | None, validation_set: str
) -> dict[str, Any] | None:
    """The record that a run goes on with; what makes it begin anew is told.

    The file of the best network is written at a validation, the checkpoint's note of it only with
    the next checkpoint. So where the two differ, the file's own record is the one that is true.

    Args:
        run_dir: of the run.
        network: its config.
        noted: the record in the checkpoint that the run goes on from.
        validation_set: from `validation_set_text`; empty where nothing is validated.

    Returns:
        The record, or None where the next validation makes the first one.
    """
    path = best_path(run_dir)
    try:
        _, config, record = read_arrays(path)
        usable = config == network and _is_record(record)
    except InputError:
        usable = False
    if not usable:
        if noted:
            logging.warning("%s is missing or damaged; the next validation begins it anew.", path)
        return None
    if validation_set and record.get(VALIDATION_SET, validation_set) != validation_set:
        logging.warning(
            "%s is the best of another validation set than this; the next validation begins it "
            "anew.",
            path,
        )
        return None
    return record


def put_aside_best_of_another(run_dir: Path) -> None:
    """Of a run that begins: what is there is another's best, and would be taken for this one's.

    Raises:
        WriteError: it cannot be renamed.
    """
    path = best_path(run_dir)
    if path.exists():
        earlier = put_aside(path)
        logging.warning(
            "%s was of a run without checkpoints and is called %s now.",
            *(path, earlier.name),
        )


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), int | float) for name in ("step", "SAD")
    )
