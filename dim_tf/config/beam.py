"""Settings of the Beam pipeline."""

import dataclasses

from dim_tf.config.fields import Checked, option, part
from dim_tf.config.inference import MattingConfig, ReadingConfig, WritingConfig


@dataclasses.dataclass(frozen=True)
class RunningConfig(Checked):
    """What runs the pipeline, and what it says about photos that cannot be used."""

    runner: str = option(
        "local",
        "what runs the pipeline: local, on this machine; or a runner that Beam knows, such as "
        "FlinkRunner, SparkRunner, DataflowRunner or PortableRunner",
    )
    runner_options: str = option(
        "",
        "options of the runner, as Beam writes them, in one string: '--flink_master=host:8081 "
        "--parallelism=64'",
    )
    workers: int = option(
        1, "processes of the runner local; each loads the network", at_least=1, at_most=1_000
    )
    photos_at_once: int = option(
        0,
        "photos under way at once in each process, while the network looks at one of them; 0: as "
        "suits this machine's cores",
        at_least=0,
        at_most=64,
    )
    dead_letters: str = option(
        "",
        "file ending in .txt for the photos that cannot be used, one a line with the reason; it is "
        "written anew; left out: dead_letters.txt in the folder of --output",
    )


@dataclasses.dataclass(frozen=True)
class BeamConfig(Checked):
    """From photos and their masks on any filesystem that Beam knows to mattes there."""

    reading: ReadingConfig = part(ReadingConfig)
    matting: MattingConfig = part(MattingConfig)
    writing: WritingConfig = part(WritingConfig)
    running: RunningConfig = part(RunningConfig)
