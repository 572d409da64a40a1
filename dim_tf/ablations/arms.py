"""The arms: one flagfile each, and what the flags cannot say. No TensorFlow here."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from dim_tf.config import AblationConfig, TrainingConfig, values_of, with_values
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


class Arm(NamedTuple):
    """One setting of the switches, trained once with each seed.

    Attributes:
        name: of its flagfile, without suffix.
        label: for tables.
        needs_vgg: it begins with VGG16's weights.
        equal_examples: it sees as many examples as the arms with one example a step.
        both_statistics: it is also measured with the image's own batch norm statistics.
        both_trimaps: it is also measured on trimaps by dilation only.
    """

    name: str
    label: str
    needs_vgg: bool = False
    equal_examples: bool = False
    both_statistics: bool = False
    both_trimaps: bool = False


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("base", "base", both_statistics=True, both_trimaps=True),
        Arm("deconv", "deconvolution"),
        Arm("no_batch_norm", "no batch norm, learning rate 1e-4"),
        Arm("no_batch_norm_slow", "no batch norm, learning rate 1e-5"),
        Arm("known_weight_0", "known weight 0"),
        Arm("batch_5", "batch size 5, equal steps"),
        Arm("batch_5_equal_examples", "batch size 5, equal examples", equal_examples=True),
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
    )
}


def chosen_arms(config: AblationConfig) -> list[Arm]:
    """The arms that --only names, all where it names none.

    Raises:
        InputError: there is no such arm.
    """
    for name in config.only:
        if name not in ARMS:
            raise InputError(f"--only={name} is no arm; choose among {', '.join(ARMS)}.")
    return [arm for arm in ARMS.values() if not config.only or arm.name in config.only]


def arm_config(arm: Arm, config: AblationConfig, seed: int = 1) -> TrainingConfig:
    """The run that an arm is: its flagfile, the seed, and the steps.

    Args:
        arm: of `ARMS`.
        config: where the flagfiles are, `steps` and `vgg_weights`.
        seed: of the run.

    Raises:
        InputError: the flagfile is missing, or holds what is no flag.
    """
    path = existing_or_shipped(Path(config.flags_dir) / f"{arm.name}.flags", FLAGFILES)
    training = config_from_arguments(TrainingConfig, [f"--flagfile={path}"])
    optimization = training.run.optimization
    steps = config.steps or optimization.steps
    if arm.equal_examples:
        steps = max(1, steps // optimization.batch_size)
    return with_values(
        training,
        steps=steps,
        seed=seed,
        vgg_weights=config.vgg_weights if arm.needs_vgg else "",
        progress=config.progress,
    )


def settings_of_arm(training: TrainingConfig) -> dict[str, Any]:
    """All settings that decide what a run gives, but its seed, as JSON has them.

    Of VGG16's weights the checksum counts, not the path.

    Raises:
        InputError: they cannot be read.
    """
    values = values_of(training)
    settings = {name: value for name, value in values.items() if name not in _NOT_RESULTS}
    if values["vgg_weights"]:
        settings["vgg_weights"] = _checksum(values["vgg_weights"])
    return json.loads(json.dumps(settings))


def changed_settings(recorded: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    """The flags whose values are not those of a record.

    A switch that did not exist when the record was written had the value that is its default now.
    """
    defaults = settings_of_arm(TrainingConfig()) | {"vgg_weights": None}
    return [
        f"--{name}={settings.get(name)}"
        for name in sorted({*settings, *(recorded.keys() & defaults.keys())})
        if recorded.get(name, defaults.get(name)) != settings.get(name)
    ]


def fingerprint(settings: dict[str, Any]) -> str:
    """Eight characters that change when a setting does."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def _checksum(path: str) -> str:
    if path == "keras":  # of keras.applications, which checks what it downloads
        return path
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise InputError(f"--vgg_weights={path} cannot be read: {error.strerror}.") from None
