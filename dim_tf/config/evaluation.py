"""Settings of measuring: composites to measure on, and the ablations."""

import dataclasses
from typing import Literal

from dim_tf.config.constants import LARGEST_SEED, SIZE_MULTIPLE
from dim_tf.config.fields import Checked, option
from dim_tf.system.errors import InputError


@dataclasses.dataclass(frozen=True)
class HeldOutConfig(Checked):
    """Composites to measure on, of photographs that `OfflineConfig.hold_out` left out."""

    photos_dir: str = option("", "photographs of the dataset; every ninth, those left out, is used")
    out_dir: str = option("", "folder to write rgb, trimap, trimap_dilate and alpha to")
    count: int = option(100, "composites", at_least=1, at_most=1000)
    size: int = option(512, "side of a composite, pixels", at_least=SIZE_MULTIPLE)
    seed: int = option(1, "seed of the composites", at_least=0, at_most=LARGEST_SEED)
    closed_form: str = option(
        "",
        "folder that gets the closed-form mattes of the composites as well, for comparison; needs "
        "pymatting",
    )
    source: Literal["procedural", "cutouts", "folders"] = option(
        "procedural",
        "procedural: mattes drawn here, kinds take turns; cutouts: those of --cutouts_dir that "
        "were left out of the dataset, sources take turns; folders: the same of the mattes of "
        "--alpha_dir and their colours",
    )
    cutouts_dir: str = option(
        "",
        "cut-outs of the dataset; of each source the 11th, 31st, 51st …, those left out, are used",
    )
    alpha_dir: str = option(
        "", "mattes of the dataset; the 11th, 31st, 51st …, those left out, are used"
    )
    eps_dir: str = option("", "their colours, same file stem")
    data_dir: str = option(
        "",
        "dataset made with --hold_out: pictures that it did not leave out are refused, as where "
        "the folders have changed since; left out: nothing is compared",
    )


@dataclasses.dataclass(frozen=True)
class AblationConfig(Checked):
    """The blog's ablations: which runs, on what, and where their records go."""

    photos_dir: str = option(
        "", "photographs for colours and backgrounds; every ninth is only measured on"
    )
    validation_dir: str = option(
        "", "folder with rgb/, trimap/ and alpha/ to measure on as well; left out: none"
    )
    cutouts_dir: str = option(
        "",
        "real cut-outs as --cutouts_dir of dim-tf prepare takes them; composites of those held out "
        "are measured on as well; left out: none",
    )
    work_dir: str = option("runs/ablations", "folder for the dataset, the composites and the runs")
    records_dir: str = option(
        "docs/ablations",
        "folder of the records and plots; the report is the file of this name with .md",
    )
    flags_dir: str = option("flagfiles/ablations", "folder with the flagfile of each arm")
    vgg_weights: str = option(
        "", "path of vgg16_weights.npz, for the arms that begin with it; left out: they are skipped"
    )
    seeds: tuple[int, ...] = option(tuple(range(1, 11)), "seeds; each arm is run once with each")
    long_seeds: tuple[int, ...] = option(tuple(range(1, 6)), "seeds of the arms at the long scale")
    scales: tuple[str, ...] = option(
        ("short", "long"), "scales to run, one after the other; a run at the long one takes hours"
    )
    only: tuple[str, ...] = option((), "arms to run; left out: all of --scales")
    steps: int = option(0, "steps of every run instead of those in the flagfiles", at_least=0)
    mattes: int = option(600, "procedural mattes in the dataset", at_least=1)
    composites: int = option(100, "held-out composites to measure on", at_least=1, at_most=1000)
    composite_size: int = option(
        384, "side of a held-out composite, pixels", at_least=SIZE_MULTIPLE
    )
    drift_mattes: int = option(
        4, "mattes of each kind on which the ground truth's drift is measured", at_least=1
    )
    keep_weights: bool = option(
        False, "keep a run's checkpoints after its record was written; they take disk"
    )
    progress: bool = option(True, "show the progress of each run")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("seeds", "long_seeds"):
            seeds = getattr(self, name)
            if not seeds or len(set(seeds)) < len(seeds):
                raise InputError(f"--{name} needs different whole numbers, e.g. 1,2,3.")
            if not all(0 <= seed <= LARGEST_SEED for seed in seeds):
                raise InputError(f"--{name} are possible from 0 to {LARGEST_SEED}.")
