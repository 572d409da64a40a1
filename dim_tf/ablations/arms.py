"""The arms: one flagfile each, and what the flags cannot say. No TensorFlow here."""

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dim_tf.config import LARGEST_SEED, AblationConfig, TrainingConfig, values_of, with_values
from dim_tf.config.flagfile import FLAGFILES
from dim_tf.config.flags import config_from_arguments
from dim_tf.system.errors import InputError
from dim_tf.system.shipped import existing_or_shipped

# Settings that say where and how to run, not what comes out. The seed stands beside them.
_NOT_RESULTS = (
    *("data_dir", "run_dir", "validation_dir", "photos_dir", "vgg_weights", "init_from"),
    *("seed", "resume", "progress", "synthetic", "preview", "decoded_gigabytes", "strategy"),
    *("validate_every", "checkpoint_every", "keep_checkpoints", "log_every", "image_every"),
)


Scale = Literal["short", "long"]
SHORT, LONG = "short", "long"
SCALES: tuple[Scale, ...] = (SHORT, LONG)
# Where settings name the runs that a run begins with.
_BEGINS_WITH = "begins_with"
# Between the seeds of a run and of the one that goes on from its weights, with other examples.
_SEED_STEP = 1000


class Arm(NamedTuple):
    """One setting of the switches, trained once with each seed.

    Attributes:
        name: of its record.
        label: for tables.
        scale: short or long; only arms of one scale are compared.
        stages: its flagfiles, without suffix, one for each of the runs of which the next begins
            with the weights of the one before; none stands for one run by the name of the arm.
        needs_vgg: it begins with VGG16's weights.
        equal_examples: it sees as many examples as the arms with one example a step.
        both_statistics: it is also measured with the image's own batch norm statistics.
        both_trimaps: it is also measured on trimaps by dilation only.
    """

    name: str
    label: str
    scale: Scale = SHORT
    stages: tuple[str, ...] = ()
    needs_vgg: bool = False
    equal_examples: bool = False
    both_statistics: bool = False
    both_trimaps: bool = False

    @property
    def flagfiles(self) -> tuple[str, ...]:
        """Of its runs, without suffix."""
        return self.stages or (self.name,)

    def steps_of(self, steps: int, batch_size: int) -> int:
        """How many steps it takes where the arms that it is compared with take `steps`."""
        return max(1, steps // batch_size) if self.equal_examples else steps


def _long(name: str, label: str, stages: tuple[str, ...] = (), **facts: bool) -> Arm:
    """An arm of the long scale; its flagfiles are in the folder of that name."""
    flagfiles = tuple(f"{LONG}/{stage}" for stage in stages or (name,))
    return Arm(f"{LONG}_{name}", label, LONG, flagfiles, needs_vgg=True, **facts)


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("base", "base", both_statistics=True, both_trimaps=True),
        Arm("deconv", "deconvolution"),
        Arm("no_batch_norm", "no batch norm, learning rate 1e-4"),
        Arm("no_batch_norm_slow", "no batch norm, learning rate 1e-5"),
        Arm("known_weight_0", "known weight 0"),
        Arm("batch_5", "batch size 5, equal steps"),
        Arm(
            "batch_5_equal_examples",
            "batch size 5, equal examples",
            equal_examples=True,
            both_statistics=True,
        ),
        Arm("composite_before", "composited before resizing"),
        Arm("dilate_only", "trained with dilation only", both_trimaps=True),
        Arm("premultiplied", "foreground premultiplied"),
        Arm("comp_not_divided", "compositional loss not divided"),
        Arm("refine", "refinement"),
        Arm("refine_composite_before", "refinement, composited before resizing"),
        Arm("skip", "skip additions"),
        Arm("normalize_input", "normalized input"),
        Arm("learning_rate_1e-5", "learning rate 1e-5"),
        Arm("overfit_unpool", "one sample, unpooling"),
        Arm("overfit_deconv", "one sample, deconvolution"),
        Arm("vgg", "VGG16's strongest filters", needs_vgg=True),
        Arm("vgg_normalized", "VGG16's strongest filters, normalized", needs_vgg=True),
        Arm("original_start", "the original's start", needs_vgg=True),
        Arm(
            "original_start_no_batch_norm",
            "the original's start, no batch norm, learning rate 1e-5",
            needs_vgg=True,
        ),
        _long("base", "base", both_statistics=True),
        _long("deconv", "deconvolution"),
        _long("no_batch_norm", "no batch norm, learning rate 1e-4"),
        _long("no_batch_norm_slow", "no batch norm, constant learning rate 1e-5"),
        _long("original_start", "the original's start"),
        _long(
            "original_start_no_batch_norm",
            "the original's start, no batch norm, constant learning rate 1e-5",
        ),
        _long(
            "batch_5_equal_examples",
            "batch size 5, equal examples",
            equal_examples=True,
            both_statistics=True,
        ),
        _long("composite_before", "composited before resizing"),
        _long("skip", "skip additions"),
        _long("tuned", "base, trained on", stages=("base", "tuned", "tuned_last")),
        _long("refine_alone", "refinement, the stage alone", stages=("base", "refine")),
        _long("refine", "refinement", stages=("base", "refine", "refine_last")),
        _long(
            "tuned_composite_before",
            "composited before resizing, trained on",
            stages=(
                "composite_before",
                "tuned_composite_before",
                "tuned_last_composite_before",
            ),
        ),
        _long(
            "refine_composite_before",
            "refinement, composited before resizing",
            stages=(
                "composite_before",
                "refine_composite_before",
                "refine_last_composite_before",
            ),
        ),
    )
}


def chosen_arms(config: AblationConfig) -> list[Arm]:
    """The arms that --only names, all of --scales where it names none.

    Raises:
        InputError: there is no such arm or scale.
    """
    for scale in config.scales:
        if scale not in SCALES:
            raise InputError(f"--scales={scale} is none; choose among {', '.join(SCALES)}.")
    for name in config.only:
        if name not in ARMS:
            raise InputError(f"--only={name} is no arm; choose among {', '.join(ARMS)}.")
    if config.only:
        return [arm for arm in ARMS.values() if arm.name in config.only]
    return [arm for arm in ARMS.values() if arm.scale in config.scales]


def planned_runs(arms: Collection[Arm], config: AblationConfig) -> list[tuple[Arm, int]]:
    """Arms and their seeds in the order in which they are run: scale by scale, seed by seed."""
    seeds = {SHORT: config.seeds, LONG: config.long_seeds}
    return [
        (arm, seed)
        for scale in SCALES
        for seed in seeds[scale]
        for arm in arms
        if arm.scale == scale
    ]


def arm_configs(arm: Arm, config: AblationConfig, seed: int = 1) -> list[TrainingConfig]:
    """The runs that an arm is: its flagfiles, the seed, and the steps.

    Args:
        arm: of `ARMS`.
        config: where the flagfiles are, `steps` and `vgg_weights`.
        seed: of the first run; those after it have others, which are the same for all arms.

    Raises:
        InputError: a flagfile is missing, or holds what is no flag.
    """
    return [
        _run_config(arm, name, config, (seed + number * _SEED_STEP) % (LARGEST_SEED + 1), number)
        for number, name in enumerate(arm.flagfiles)
    ]


def _run_config(
    arm: Arm, name: str, config: AblationConfig, seed: int, number: int
) -> TrainingConfig:
    path = existing_or_shipped(Path(config.flags_dir) / f"{name}.flags", FLAGFILES)
    training = config_from_arguments(TrainingConfig, [f"--flagfile={path}"])
    optimization = training.run.optimization
    return with_values(
        training,
        steps=arm.steps_of(config.steps or optimization.steps, optimization.batch_size),
        seed=seed,
        vgg_weights=config.vgg_weights if arm.needs_vgg and not number else "",
        progress=config.progress,
    )


def settings_of_arm(trainings: Sequence[TrainingConfig]) -> dict[str, Any]:
    """All settings that decide what an arm gives, but its seed, as JSON has them.

    Of VGG16's weights the checksum counts, not the path.

    Args:
        trainings: its runs, or the first of them.

    Raises:
        InputError: VGG16's weights cannot be read.
    """
    *earlier, settings = map(_settings_of_run, trainings)
    return settings | ({_BEGINS_WITH: earlier} if earlier else {})


def _settings_of_run(training: TrainingConfig) -> dict[str, Any]:
    values = values_of(training)
    settings = {name: value for name, value in values.items() if name not in _NOT_RESULTS}
    if values["vgg_weights"]:
        settings["vgg_weights"] = _checksum(values["vgg_weights"])
    return json.loads(json.dumps(settings))


def changed_settings(recorded: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    """The flags whose values are not those of a record.

    A switch that did not exist when the record was written had the value that is its default now.
    """
    defaults = _default_settings()
    before, now = _changed_from_defaults(recorded), _changed_from_defaults(settings)
    names = {*before, *now} & {*settings, *defaults, _BEGINS_WITH}
    return [
        "other runs to begin with" if name == _BEGINS_WITH else f"--{name}={settings.get(name)}"
        for name in sorted(names)
        if before.get(name) != now.get(name)
    ]


def fingerprint(settings: dict[str, Any]) -> str:
    """Eight characters that change when a setting does, but not when a switch is new."""
    text = json.dumps(_changed_from_defaults(settings), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _default_settings() -> dict[str, Any]:
    return _settings_of_run(TrainingConfig()) | {"vgg_weights": None}


def _changed_from_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    defaults = _default_settings()
    changed = {
        name: value
        for name, value in settings.items()
        if name not in defaults or value != defaults[name]
    }
    if _BEGINS_WITH in changed:
        changed[_BEGINS_WITH] = [_changed_from_defaults(one) for one in settings[_BEGINS_WITH]]
    return changed


def _checksum(path: str) -> str:
    if path == "keras":  # of keras.applications, which checks what it downloads
        return path
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise InputError(f"--vgg_weights={path} cannot be read: {error.strerror}.") from None
