"""What the settings of a run mean for each other. No TensorFlow here."""

from dim_tf.config import RunConfig, values_of, with_values
from dim_tf.system.errors import InputError


def settled(run: RunConfig) -> RunConfig:
    """The run with what one setting means for another; settling it again changes nothing.

    Raises:
        InputError: settings that do not go together.
    """
    if run.start.normalize_vgg:
        run = with_values(run, normalize_input=True)
    for name, value in (("train_stage", "refinement"), ("initial_correction", "random")):
        if values_of(run)[name] == value and not run.network.refine:
            raise InputError(f"--{name}={value} needs --refine.")
    if run.optimization.freeze_batch_norm:
        if not run.network.batch_norm:
            raise InputError("--freeze_batch_norm does not go with --nobatch_norm.")
        if run.network.bn_eval == "batch":
            raise InputError(
                "--freeze_batch_norm does not go with --bn_eval=batch, which has no averages."
            )
    strategy = run.optimization.strategy
    if run.optimization.skip_nonfinite and strategy != "default":
        raise InputError(f"--skip_nonfinite does not go with --strategy={strategy}.")
    return run
