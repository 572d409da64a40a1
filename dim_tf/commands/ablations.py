"""Runs the blog's ablations and reports what came of them.

Everything that is missing, one run at a time; the same command goes on after an interruption:
    dim-tf ablations run --photos_dir=photos --validation_dir=validation
The report, docs/ablations.md, from the records of the runs:
    dim-tf ablations report
The drift of the ground truth alone:
    dim-tf ablations drift
One run in this process (run starts one of these for each):
    dim-tf ablations one --only=base --seeds=1 --photos_dir=photos
"""

import sys

from dim_tf.commands.script import HELP, Command, run_script
from dim_tf.config import AblationConfig


def run(config: AblationConfig) -> None:
    """Makes every record that is missing."""
    from dim_tf.ablations.run import run_series

    run_series(config)


def one(config: AblationConfig) -> None:
    """Makes the record of one run; dataset and composites must be there."""
    from dim_tf.ablations.arms import chosen_arms
    from dim_tf.system.errors import InputError

    arms = chosen_arms(config)
    if len(arms) != 1 or len(config.seeds) != 1:
        raise InputError("one takes one arm and one seed, such as --only=base --seeds=1.")
    from dim_tf.ablations.run import end_with_series
    from dim_tf.system.processor import ask_for_onednn
    from dim_tf.system.quiet import import_tensorflow

    end_with_series()
    ask_for_onednn()
    import_tensorflow()
    from dim_tf.ablations.one import run_arm

    run_arm(arms[0], config.seeds[0], config)


def drift(config: AblationConfig) -> None:
    """Measures the drift of the ground truth."""
    from dim_tf.ablations.drift import measure_drift

    measure_drift(config)


def report(config: AblationConfig) -> None:
    """Writes the report from the records."""
    from dim_tf.ablations.report import write_report

    print(write_report(config))


COMMANDS = {"run": run, "report": report, "drift": drift, "one": one}
COMMAND = Command(AblationConfig, report)


def main() -> None:
    """Runs the command that the first word names."""
    script = "dim-tf ablations"
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word in COMMANDS:
        sys.argv = [f"{script} {word}", *sys.argv[2:]]
    elif word not in HELP:
        print(
            f"{script}: say what to do: {', '.join(COMMANDS)} (see --help).",
            file=sys.stderr,
        )
        sys.exit(1)
    run_script(Command(AblationConfig, COMMANDS.get(word, report)))


if __name__ == "__main__":
    main()
