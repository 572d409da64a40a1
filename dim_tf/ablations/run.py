"""The series of runs: what is missing, one run at a time, each in a process of its own."""

import contextlib
import dataclasses
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dim_tf.ablations.arms import (
    ARMS,
    Arm,
    arm_configs,
    changed_settings,
    chosen_arms,
    planned_runs,
    settings_of_arm,
)
from dim_tf.ablations.drift import measure_drift
from dim_tf.ablations.measuring import (
    COMPOSITES_FOLDER,
    CUT_OUT_COMPOSITES_FOLDER,
    DATA_FOLDER,
)
from dim_tf.ablations.one import conditions_of
from dim_tf.ablations.records import RECORDS_FOLDER, read_record, record_path
from dim_tf.config import AblationConfig, JobsConfig, LayoutConfig, SyntheticConfig
from dim_tf.config.flags import flagfile_text
from dim_tf.dataset.decoded import write_decoded_copies
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.offline import write_dataset
from dim_tf.dataset.output_folder import settings_of
from dim_tf.dataset.procedural import synthetic_sources
from dim_tf.evaluation.held_out import write_composites
from dim_tf.evaluation.held_out_cutouts import HeldOutForegrounds, held_out_cut_outs
from dim_tf.pictures.folders import list_images
from dim_tf.system.errors import InputError
from dim_tf.system.folder_lock import FolderLock

# Of the dataset and the composites.
_SEED = 1
# Decoded copies of the dataset's pictures, gigabytes of disk.
_DECODED_GIGABYTES = 10.0
# Times above are told in hours, seconds.
_HOURS_ABOVE = 5400
_SECONDS_BETWEEN_LOOKS = 1.0
# Names, for a run's process, that of its series.
_SERIES_VARIABLE = "DIM_TF_ABLATIONS_SERIES"

RunOne = Callable[[Arm, int, AblationConfig], None]


def run_in_own_process(arm: Arm, seed: int, config: AblationConfig) -> None:
    """Runs an arm in a fresh process, so that memory, seeds and a crash are its own.

    Raises:
        InputError: it did not end well; what went wrong was printed by it.
    """
    config = dataclasses.replace(config, only=(arm.name,), seeds=(seed,))
    command = [sys.executable, "-m", "dim_tf.commands.ablations", "one"]
    # subprocess.run would kill the process on Ctrl-C before it has saved.
    environment = os.environ | {_SERIES_VARIABLE: str(os.getpid())}
    with subprocess.Popen(
        [*command, *flagfile_text(config).splitlines()], env=environment
    ) as process:
        try:
            status = status_of(process)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if status:
        raise InputError(f"The run of {arm.name} with seed {seed} ended with status {status}.")


def end_with_series() -> None:
    """Lets this process be stopped, as by SIGTERM, when the series that it belongs to has died.

    Else it would work on beside the next series, on the same files. Does nothing in a process that
    belongs to none.
    """
    series = os.environ.get(_SERIES_VARIABLE)
    if series is None:
        return

    def watch() -> None:
        while str(os.getppid()) == series:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def status_of(process: subprocess.Popen) -> int:
    """The exit status of a process, when it has ended.

    A signal can reach another thread than the one that waits; it is handled when waiting ends.
    """
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=_SECONDS_BETWEEN_LOOKS)


def run_series(config: AblationConfig, run_one: RunOne = run_in_own_process) -> None:
    """Makes dataset and composites once, and every record that is missing or no longer fits.

    The short scale before the long one, and seed by seed, so that an interrupted series has as many
    seeds of each arm.

    Args:
        config: which runs.
        run_one: trains, measures and writes a record.

    Raises:
        InputError: a setting or folder that cannot be used; or, at the end, how many runs failed.
    """
    for name in ("photos_dir", "work_dir", "records_dir"):
        if not getattr(config, name):
            raise InputError(f"--{name} is missing; give a folder (see --help).")
    arms = chosen_arms(config)
    if config.validation_dir:
        list_images(Path(config.validation_dir) / "rgb")
    without_weights = [arm.name for arm in arms if arm.needs_vgg and not config.vgg_weights]
    if without_weights:
        print(f"Skipped, since --vgg_weights is not given: {', '.join(without_weights)}.")
    arms = [arm for arm in arms if arm.name not in without_weights]
    # A flagfile or weights that cannot be read are known before the dataset is made.
    for arm in arms:
        settings_of_arm(arm_configs(arm, config))
    with FolderLock(config.work_dir):
        prepare(config)
        measure_drift(config)
        runs = missing_runs(arms, config)
        wanted = len(planned_runs(arms, config))
        print(f"{wanted - len(runs)} records are there, {len(runs)} missing.")
        _run_all(runs, config, run_one)


def _run_all(runs: list[tuple[Arm, int]], config: AblationConfig, run_one: RunOne) -> None:
    failed = []
    for number, (arm, seed) in enumerate(runs):
        left = time_left([arm.name for arm, _ in runs[number:]], config)
        print(f"Run {number + 1} of {len(runs)}: {arm.name}, seed {seed}; {left}.", flush=True)
        started = time.perf_counter()
        try:
            run_one(arm, seed, config)
        except InputError as error:
            print(error, file=sys.stderr, flush=True)
            failed.append(f"{arm.name} with seed {seed}")
        else:
            print(f"It took {(time.perf_counter() - started) / 60:.1f} minutes.", flush=True)
    if failed:
        raise InputError(
            f"{len(failed)} of {len(runs)} runs failed: {', '.join(failed)}; the same command "
            "repeats these."
        )


def prepare(config: AblationConfig) -> None:
    """Makes the dataset, its decoded copies and the composites, or what is missing of them.

    Raises:
        InputError: see `write_dataset` and `write_composites`.
    """
    data_dir = Path(config.work_dir) / DATA_FOLDER
    procedural = SyntheticConfig(config.mattes, photos_dir=config.photos_dir, hold_out=True)
    summary = write_dataset(
        data_dir,
        synthetic_sources(procedural, _SEED),
        settings_of(_SEED, procedural),
        LayoutConfig(),
        _SEED,
        JobsConfig(progress=config.progress),
    )
    print(summary, flush=True)
    write_decoded_copies(read_manifest(data_dir), _DECODED_GIGABYTES, progress=config.progress)
    sets: dict[str, HeldOutForegrounds | None] = {COMPOSITES_FOLDER: None}
    if config.cutouts_dir:
        sets[CUT_OUT_COMPOSITES_FOLDER] = held_out_cut_outs(config.cutouts_dir)
    for name, foregrounds in sets.items():
        write_composites(
            config.photos_dir,
            Path(config.work_dir) / name,
            config.composites,
            config.composite_size,
            _SEED,
            foregrounds,
        )


def missing_runs(arms: list[Arm], config: AblationConfig) -> list[tuple[Arm, int]]:
    """The runs without a record, and those whose record was made with other settings or data.

    These are told. A record that is damaged is refused rather than overwritten.

    Raises:
        InputError: a record cannot be read.
    """
    conditions = conditions_of(config)
    return [
        (arm, seed)
        for arm, seed in planned_runs(arms, config)
        if not _is_recorded(arm, seed, config, conditions)
    ]


def _is_recorded(arm: Arm, seed: int, config: AblationConfig, conditions: dict[str, str]) -> bool:
    path = record_path(config.records_dir, arm.name, seed)
    if not path.exists():
        return False
    record = read_record(path)
    changes = changed_settings(record.settings, settings_of_arm(arm_configs(arm, config, seed)))
    changes += [
        f"another {name}" for name in conditions if record.conditions.get(name) != conditions[name]
    ]
    if not record.is_complete:
        changes.append("measured with averaged weights and statistics of their own")
    if changes:
        print(f"{path} is repeated: now {', '.join(changes)}.")
    return not changes


def time_left(names: list[str], config: AblationConfig) -> str:
    """How long runs of these arms take, by the records of runs that were made.

    Arms without a record count as the mean of the others of their scale; those of a scale without
    records are left out, and told.
    """
    seconds: dict[str, dict[str, list[float]]] = {}
    for path in (Path(config.records_dir) / RECORDS_FOLDER).glob("*.json"):
        record = read_record(path)
        of_scale = seconds.setdefault(ARMS[record.arm].scale, {})
        of_scale.setdefault(record.arm, []).append(record.seconds)
    known = [name for name in names if ARMS[name].scale in seconds]
    if not known:
        return "how long all take is known after the first"
    total = 0.0
    for name in known:
        of_scale = seconds[ARMS[name].scale]
        taken = [of_scale[name]] if name in of_scale else list(of_scale.values())
        total += float(np.mean([np.mean(values) for values in taken]))
    left = _duration(total)
    unknown = len(names) - len(known)
    return left + (f", and {unknown} runs of a scale that none was made at" if unknown else "")


def _duration(total: float) -> str:
    if total > _HOURS_ABOVE:
        return f"about {total / 3600:.1f} hours left"
    return f"about {math.ceil(total / 60)} min left"
