"""Settings of the offline step."""

import dataclasses
from typing import Literal

from dim_tf.config.constants import LARGEST_SEED
from dim_tf.config.fields import Checked, option, part, probability
from dim_tf.system.errors import InputError


@dataclasses.dataclass(frozen=True)
class FolderConfig(Checked):
    """Mattes and their colours in folders of the user's own, and backgrounds."""

    alpha_dir: str = option("", "folder of mattes")
    eps_dir: str = option(
        "",
        "folder of the pictures that carry the foreground colours, one for each matte, same file "
        "stem (the blog calls them eps)",
    )
    bg_dir: str = option("", "folder of background photographs")


@dataclasses.dataclass(frozen=True)
class AdobeConfig(Checked):
    """The Adobe matting dataset as its authors ship it."""

    adobe_root: str = option(
        "", "root of the Adobe matting dataset (holds Combined_Dataset); needs no renaming"
    )
    adobe_split: Literal["train", "test"] = option(
        "train", "train: the training foregrounds; test: Composition-1k, by the official recipe"
    )


@dataclasses.dataclass(frozen=True)
class SyntheticConfig(Checked):
    """Procedural mattes, and the photographs that colour them."""

    synthetic: int = option(
        0, "make this many procedural mattes (with --mix at most so many)", at_least=0
    )
    synthetic_kinds: tuple[str, ...] = option(
        (),
        "kinds of procedural mattes that take turns; a kind may be named more than once, e.g. "
        "hair,hair,fur,hard; left out: every kind but frame once",
    )
    photos_dir: str = option(
        "",
        "photographs to take the colours of procedural mattes from, and where --bg_dir is not "
        "given the backgrounds; with --synthetic alone and without it both are procedural textures",
    )
    hold_out: bool = option(
        False,
        "leave every ninth photograph of --photos_dir and of --bg_dir, and of --alpha_dir and each "
        "source of --cutouts_dir the 11th, 31st, 51st … foreground, out of the dataset, for "
        "measuring on pictures that training never saw (dim-tf held-out); their names are kept in "
        "its held_out.json",
    )
    colour_patches: float = probability(
        "probability that a procedural matte's colours come from several photographs, in patches, "
        "so that one part of the object does not look like the next"
    )
    shaded_colours: float = probability(
        "probability that each strand, leaf or other shape of a procedural matte has a shade of "
        "its own, so that it is seen inside the object as well"
    )
    crisp_colours: float = probability(
        "probability that a procedural matte's colours are photographs about as sharp as they are, "
        "instead of small pieces enlarged, which are smoother than any background"
    )
    textured_edges: float = probability(
        "probability that the edge of a procedural matte of the kinds hard and holes follows the "
        "texture of the photograph that gives its colours, as fur, grass and torn paper do"
    )


@dataclasses.dataclass(frozen=True)
class CutOutConfig(Checked):
    """Real cut-outs, colours with their opacity, as foregrounds."""

    cutouts_dir: str = option(
        "",
        "folder of real cut-outs to take as foregrounds: transparent pictures, or pairs of "
        "NAME.jpg (colours) and NAME.png (matte), in the folder itself or in folders in it, each "
        "of which is a source",
    )
    cutouts: int = option(
        0,
        "make this many foregrounds of the cut-outs (with --mix at most so many), which take "
        "turns, each time at another size and place; 0: each cut-out once, with --mix as many as "
        "it asks for",
        at_least=0,
    )
    cutout_scale_min: float = option(
        0.5,
        "smallest size of a cut-out, as a share of its own or of what fits into 640 pixels",
        above=0,
        at_most=1,
    )
    cutout_scale_max: float = option(
        1.0, "largest size of a cut-out; it is never enlarged", above=0, at_most=1
    )
    joined_cutouts: float = option(
        0.3,
        "probability that a second cut-out stands in front of the first",
        at_least=0,
        at_most=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cutout_scale_min > self.cutout_scale_max:
            raise InputError(
                f"The range of sizes {self.cutout_scale_min}…{self.cutout_scale_max} is empty; "
                "give a --cutout_scale_max that is at least --cutout_scale_min."
            )


@dataclasses.dataclass(frozen=True)
class MixConfig(Checked):
    """How many foregrounds of each kind."""

    mix: tuple[str, ...] = option(
        (),
        "shares of the foregrounds by kind, such as synthetic:0.5,cutouts:0.5; the kinds are "
        "synthetic (--synthetic), cutouts (--cutouts_dir) and folders (--alpha_dir, --eps_dir). As "
        "many are taken as these shares allow; left out: all there are",
    )


@dataclasses.dataclass(frozen=True)
class LayoutConfig(Checked):
    """How a dataset lies on disk."""

    layout: Literal["compact", "original"] = option(
        "compact",
        "compact: each foreground and background once, and a manifest of pairs; original: one "
        "alpha, eps and bg file per pair, about 100 times the disk",
    )
    pad: Literal["center", "none"] = option(
        "center",
        "center: backgrounds to a short side of 1280 and mattes centred, so that every crop fits; "
        "none: backgrounds keep their size and crops are pulled back inside",
    )
    crop_safety: Literal["auto", "center", "pull_back"] = option(
        "auto",
        "what training does with a crop that would leave the canvas, noted in the manifest; "
        "auto: center with --pad=center, pull_back with --pad=none",
    )
    backgrounds_per_foreground: int = option(
        100, "backgrounds each foreground is paired with, drawn without replacement", at_least=1
    )


@dataclasses.dataclass(frozen=True)
class JobsConfig(Checked):
    """How many independent jobs are run."""

    workers: int = option(0, "processes; 0 takes one per core", at_least=0)
    strict: bool = option(False, "stop at the first refused file instead of going on without it")
    progress: bool = option(True, "show a progress bar")


@dataclasses.dataclass(frozen=True)
class OfflineConfig(Checked):
    """The offline step: mattes, colours and backgrounds in, a PNG dataset out."""

    out_dir: str = option("", "folder to write the dataset to")
    seed: int = option(
        1, "seed of the pairing and of the procedural mattes", at_least=0, at_most=LARGEST_SEED
    )
    folders: FolderConfig = part(FolderConfig)
    adobe: AdobeConfig = part(AdobeConfig)
    procedural: SyntheticConfig = part(SyntheticConfig)
    cut_outs: CutOutConfig = part(CutOutConfig)
    mixing: MixConfig = part(MixConfig)
    layout_on_disk: LayoutConfig = part(LayoutConfig)
    jobs: JobsConfig = part(JobsConfig)
