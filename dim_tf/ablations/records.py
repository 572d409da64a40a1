"""Records: what one run gave, one JSON file each. The report is made from nothing else."""

import dataclasses
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dim_tf.ablations.arms import ARMS, changed_settings
from dim_tf.ablations.claims import (
    BLACK_BELOW,
    HELD_OUT_RELEASED,
    JUDGED,
    MEASURES,
    SAME_BELOW,
    SAME_IF_FROZEN,
    TRAINING,
)
from dim_tf.evaluation.kinds import kind_of_composite
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes

RECORDS_FOLDER = "records"
_MEAN_ALPHA = "mean_alpha"
CURVE_NAMES = ("step", "alpha_loss", "total_loss", "unknown_error")


@dataclasses.dataclass(frozen=True)
class Record:
    """What one run gave.

    Attributes:
        arm: its name.
        seed: of the run.
        settings: from `settings_of_arm`.
        conditions: what dataset and pictures it ran on; runs are compared only if these are equal.
        versions: of the programs that took part.
        machine: its processor, cores, and whether it has its own instructions for bfloat16.
        steps: done.
        step_seconds: median of a step, None where it was not measured.
        seconds: of the whole run, measuring included, by the clock; a machine that does other
            things meanwhile makes them more.
        training_error: mean absolute error on the unknown pixels of the last steps' examples.
        curve: values by `CURVE_NAMES`, means over equal parts of the run.
        errors: set of pictures → `pictures`, their names, and a list for each of `MEASURES` and
            `mean_alpha`, the mean prediction over the unknown region.
        processor_seconds: of the whole run, summed over the cores, whatever else the machine does.
            None in records that are older than it.
        refinement_moves: mean |refined − unrefined| alpha over the unknown regions of the held-out
            composites, of a network with a refinement stage.
    """

    arm: str
    seed: int
    settings: dict[str, Any]
    conditions: dict[str, str]
    versions: dict[str, str]
    machine: str
    steps: int
    step_seconds: float | None
    seconds: float
    training_error: float
    curve: dict[str, list[float]]
    errors: dict[str, dict[str, list]]
    processor_seconds: float | None = None
    refinement_moves: float | None = None

    @property
    def can_be_judged(self) -> bool:
        """Whether it holds what claims are judged by; of a run on one sample nothing is asked."""
        return not self.errors or self.errors_on(JUDGED) is not None

    @property
    def is_complete(self) -> bool:
        """Whether it holds what every run is measured by now; if not, the run is repeated."""
        return not self.errors or HELD_OUT_RELEASED in self.errors

    def errors_on(self, judged_on: str) -> dict[str, list] | None:
        """The errors on a set of pictures; None if not measured."""
        # The refinement stage has no batch norm: trained alone it moves none.
        only_stage = self.settings.get("train_stage") == "refinement"
        is_frozen = only_stage or self.settings.get("freeze_batch_norm")
        if judged_on not in self.errors and is_frozen:
            judged_on = SAME_IF_FROZEN.get(judged_on, judged_on)
        return self.errors.get(judged_on)

    def value(
        self, judged_on: str, measure: str = MEASURES[0], kinds: tuple[str, ...] = ()
    ) -> float | None:
        """The mean of a measure over the pictures of a set, or those of some kinds of matte.

        None where the record does not hold it.
        """
        if judged_on == TRAINING:
            return self.training_error if measure == MEASURES[0] else None
        errors = self.errors_on(judged_on)
        if errors is None:
            return None
        values = [
            value
            for name, value in zip(errors["pictures"], errors[measure], strict=True)
            if not kinds or kind_of_composite(name) in kinds
        ]
        return float(np.mean(values)) if values else None

    def black_share(self, judged_on: str, below: float = BLACK_BELOW) -> float | None:
        """The share of pictures of a set whose prediction is all black, its mean below a bound."""
        errors = self.errors_on(judged_on)
        if errors is None:
            return None
        return float(np.mean([alpha < below for alpha in errors[_MEAN_ALPHA]]))

    def has_the_same_mean_for_all(self, judged_on: str) -> bool:
        """Whether its predictions for the pictures of a set have one mean, whatever these show."""
        errors = self.errors_on(judged_on)
        return errors is not None and float(np.std(errors[_MEAN_ALPHA])) < SAME_BELOW


Records = dict[str, dict[int, Record]]


def values_by_seed(
    records: Records,
    arm: str,
    judged_on: str,
    kinds: tuple[str, ...] = (),
    measure: str = MEASURES[0],
) -> dict[int, float]:
    """Seed → the mean of a measure, for the runs of an arm that have one."""
    values = {seed: run.value(judged_on, measure, kinds) for seed, run in records[arm].items()}
    return {seed: value for seed, value in values.items() if value is not None}


def values_of_common_seeds(
    records: Records, ones: Sequence[tuple[str, str]], kinds: tuple[str, ...] = ()
) -> list[list[float]]:
    """What claims are judged by, for several arms, on the seeds that all of them have.

    Args:
        records: of all arms.
        ones: arm and set of pictures, each.
        kinds: of mattes that count; empty takes all.
    """
    found = [values_by_seed(records, name, judged_on, kinds) for name, judged_on in ones]
    seeds = sorted(set.intersection(*(set(one) for one in found))) if found else []
    return [[one[seed] for seed in seeds] for one in found]


def record_path(records_dir: str | Path, arm: str, seed: int) -> Path:
    """Where the record of a run is kept."""
    return Path(records_dir) / RECORDS_FOLDER / f"{arm}_seed{seed}.json"


def write_record(records_dir: str | Path, record: Record) -> Path:
    """Writes a record, atomically, with numbers of six digits.

    Raises:
        InputError: it cannot be written.
    """
    path = record_path(records_dir, record.arm, record.seed)
    write_bytes(path, json_text(dataclasses.asdict(record)).encode())
    return path


def json_text(values: dict[str, Any]) -> str:
    """JSON of numbers with six digits, a line for each name of the first two levels."""
    lines = []
    for name, value in _shortened(values).items():
        if isinstance(value, dict):
            inner = [f"  {json.dumps(key)}: {json.dumps(value[key])}" for key in value]
            value_text = "{\n" + ",\n".join(inner) + "\n }" if inner else "{}"
        else:
            value_text = json.dumps(value)
        lines.append(f" {json.dumps(name)}: {value_text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def read_record(path: Path) -> Record:
    """Reads a record.

    Raises:
        InputError: it is damaged, or no record of an arm that exists.
    """
    try:
        record = Record(**json.loads(path.read_bytes()))
        sound = _is_sound(record)
    except (OSError, ValueError, TypeError, AttributeError, LookupError):
        sound = False
    if not sound or path.name != record_path("", record.arm, record.seed).name:
        raise InputError(
            f"{path} is damaged or no record of an ablation; delete it, and run adds what is "
            "missing."
        )
    return record


def _is_sound(record: Record) -> bool:
    def is_number(value: Any) -> bool:
        return type(value) in (int, float) and math.isfinite(value)

    lists = [record.curve[name] for name in CURVE_NAMES]
    sound = all(map(is_number, (record.seconds, record.training_error, *itertools.chain(*lists))))
    sound &= len({len(values) for values in lists}) == 1
    sound &= all(
        value is None or is_number(value)
        for value in (record.step_seconds, record.processor_seconds, record.refinement_moves)
    )
    sound &= type(record.seed) is int and type(record.steps) is int and record.arm in ARMS
    sound &= type(record.machine) is str
    for texts in (record.settings, record.conditions, record.versions):
        sound &= isinstance(texts, dict)
    for errors in record.errors.values():
        pictures = errors["pictures"]
        sound &= bool(pictures) and all(type(name) is str for name in pictures)
        for measure in (*MEASURES, _MEAN_ALPHA):
            values = errors[measure]
            sound &= len(values) == len(pictures) and all(map(is_number, values))
    return sound


def read_records(records_dir: str | Path) -> Records:
    """All records: arm → seed → record, in the order of the arms and seeds.

    Raises:
        InputError: a record is damaged, or records were made on different data, those of one arm
            with different settings, or those of arms that are compared with other numbers of steps.
    """
    folder = Path(records_dir) / RECORDS_FOLDER
    found = [read_record(path) for path in sorted(folder.glob("*.json"))]
    common: dict[str, str] = {}
    first_of_arm: dict[str, Record] = {}
    steps_of_runs: dict[tuple[str, int], int] = {}
    for record in found:
        common = record.conditions | common
        first_of_arm.setdefault(record.arm, record)
        if not ARMS[record.arm].equal_examples:
            steps_of_runs.setdefault(_compared_steps(record), record.settings.get("steps"))
    for record in found:
        different = _differences(record, first_of_arm[record.arm], common, steps_of_runs)
        if different:
            path = record_path(records_dir, record.arm, record.seed)
            raise InputError(
                f"{path} and a record beside it differ in the {different[0]}, so they cannot be "
                "compared; run again, which repeats what no longer fits."
            )
    return {
        name: {
            record.seed: record
            for record in sorted(found, key=lambda one: one.seed)
            if record.arm == name
        }
        for name in ARMS
    }


def _compared_steps(record: Record) -> tuple[str, int]:
    """Scale and number of trainings: runs that share them have as many steps in the last one."""
    arm = ARMS[record.arm]
    return arm.scale, len(arm.flagfiles)


def _differences(
    record: Record,
    first: Record,
    common: dict[str, str],
    steps_of_runs: dict[tuple[str, int], int],
) -> list[str]:
    """What makes a record one that the others cannot be compared with.

    Args:
        record: to look at.
        first: another of its arm, or the same.
        common: the conditions of all.
        steps_of_runs: by `_compared_steps`.
    """
    different = [name for name, value in record.conditions.items() if common[name] != value]
    if changed_settings(record.settings, first.settings) or changed_settings(
        first.settings, record.settings
    ):
        different.append(f"settings of {record.arm}")
    steps = steps_of_runs.get(_compared_steps(record))
    if steps is not None:
        batch_size = record.settings.get("batch_size", 1)
        if record.settings.get("steps") != ARMS[record.arm].steps_of(steps, batch_size):
            different.append("steps")
    return different
