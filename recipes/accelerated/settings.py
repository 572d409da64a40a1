"""Settings of the two commands, with their defaults: those of the run that README.md reports."""

import dataclasses
import re
from typing import NamedTuple

from dim_tf.config import FOREGROUND_LONG_SIDE, LARGEST_SEED, SIZE_MULTIPLE
from dim_tf.config.fields import Checked, option, part
from dim_tf.system.errors import InputError

# Cut-outs, procedural mattes and photographs lie on the device as squares of one side.
CUTOUT_SIDE = FOREGROUND_LONG_SIDE
PHOTO_SIDE = 608

# In --shares: the procedural mattes, and the sources that are not named.
PROCEDURAL = "procedural"
OTHER_SOURCES = "*"


class SizeOfBatch(NamedTuple):
    """One of the sizes that batches take: the side of an example, how many, and how often."""

    side: int
    count: int
    share: float


class Share(NamedTuple):
    """How often foregrounds come from some sources of cut-outs.

    Attributes:
        sources: names of sources, or `PROCEDURAL` or `OTHER_SOURCES` alone.
        as_it_is: the share where a foreground keeps about its size.
        shrunk: the share where it is made smaller.
    """

    sources: tuple[str, ...]
    as_it_is: float
    shrunk: float


@dataclasses.dataclass(frozen=True)
class PackSettings(Checked):
    """What goes into a pack, and how well it is kept."""

    cutouts_dir: str = option(
        "",
        "folder of cut-outs: transparent pictures, or pairs of NAME.jpg (colours) and NAME.png "
        "(matte), in the folder itself or in folders in it, each of which is a source",
    )
    photos_dir: str = option("", "folder of photographs, for backgrounds and colours")
    out: str = option("", "the pack to write, an .npz file")
    photo_short: int = option(
        416,
        "short side of a photograph in the pack, at most, pixels",
        at_least=64,
        at_most=PHOTO_SIDE,
    )
    photo_quality: int = option(62, "WebP quality of photographs", at_least=1, at_most=100)
    cutout_quality: int = option(
        76, "WebP quality of a cut-out's colours; mattes are lossless", at_least=1, at_most=100
    )
    max_mib: int = option(
        0, "refuse to write a pack larger than this, MiB; 0: any size", at_least=0
    )
    workers: int = option(0, "processes; 0: one for each core", at_least=0)
    progress: bool = option(True, "show how far it is")


@dataclasses.dataclass(frozen=True)
class LossSettings(Checked):
    """Weights of the losses."""

    alpha_loss_weight: float = option(0.5, "weight of the alpha loss", at_least=0)
    comp_loss_weight: float = option(
        0.5, "weight of the compositional loss, colours from 0 to 1", at_least=0
    )
    laplacian_loss_weight: float = option(
        0.5, "weight of the difference of the mattes' details", at_least=0
    )
    known_weight: float = option(
        0.5, "weight of pixels outside the unknown region in the first two", at_least=0, at_most=1
    )


@dataclasses.dataclass(frozen=True)
class ExampleSettings(Checked):
    """What examples are made of."""

    sizes: tuple[str, ...] = option(
        ("256:64:0.5", "384:28:0.3", "512:16:0.2"),
        "batches: side of an example, how many of them, and how often, such as 256:64:0.5",
    )
    shares: tuple[str, ...] = option(
        (
            *("procedural:0.50:0.42", "figaro_hair:0.27:0.22", "feral_cats:0:0.18"),
            *("triggerrally_plants+game_plants:0.10:0.10", "*:0.13:0.08"),
        ),
        "where foregrounds come from: source or sources, share of those that keep their size, "
        "share of those that are shrunk. * is every source not named. What the pack does not have "
        "leaves its share to the other cut-outs; the share of procedural mattes stays",
    )
    ring: int = option(
        6_000,
        "procedural mattes kept on the device, 1.6 MB each; new ones replace the oldest",
        at_least=16,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.batch_sizes()
        self.shares_of_sources()

    def batch_sizes(self) -> tuple[SizeOfBatch, ...]:
        """The sizes that batches take.

        Raises:
            InputError: there is none, or one that cannot be.
        """
        sizes = tuple(_batch_size(text) for text in self.sizes)
        if not sum(size.share for size in sizes):
            raise InputError("--sizes needs a share above 0, e.g. 256:64:1.")
        return sizes

    def shares_of_sources(self) -> tuple[Share, ...]:
        """Where foregrounds come from.

        Raises:
            InputError: one is badly written, or a source stands in two.
        """
        shares = tuple(_share(text) for text in self.shares)
        names = [name for share in shares for name in share.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"--shares names {twice[0]} twice; give each source once.")
        procedural = [share for share in shares if share.sources == (PROCEDURAL,)]
        if not procedural or not min(procedural[0].as_it_is, procedural[0].shrunk):
            raise InputError(
                f"--shares needs both shares of {PROCEDURAL} above 0, e.g. {PROCEDURAL}:0.5:0.4."
            )
        return shares


@dataclasses.dataclass(frozen=True)
class OptimizationSettings(Checked):
    """How long and how fast the network learns."""

    seconds: float = option(540.0, "how long to train, those before a resume included", above=0)
    learning_rate: float = option(8e-4, "AdamW's highest learning rate", above=0, at_most=1)
    warmup_steps: int = option(200, "steps over which the rate grows from 0", at_least=1)
    last_rate: float = option(
        0.005, "rate at the end of the cosine, as a share of the highest", at_least=0, at_most=1
    )
    weight_decay: float = option(1e-4, "AdamW's, of everything but the certainty head", at_least=0)
    clip_norm: float = option(1.0, "largest norm of the gradient of all weights", above=0)
    average_decay: float = option(
        0.998, "how slowly the averaged weights follow", at_least=0, at_most=1
    )
    statistics_batches: int = option(
        150, "batches on which batch norm is measured for the averaged weights", at_least=1
    )
    freeze_batch_norm_at: float = option(
        1.0,
        "part of the time after which batch norm's averages stay as they are and examples are "
        "normalised with them, as inference does; 1: never",
        at_least=0,
        at_most=1,
    )
    keep_at: tuple[float, ...] = option(
        (0.5, 0.75), "parts of the time after which the weights are kept in a file of their own"
    )
    seed: int = option(202, "of every draw", at_least=0, at_most=LARGEST_SEED)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(0 < part < 1 for part in self.keep_at):
            raise InputError("--keep_at needs parts between 0 and 1, e.g. 0.5,0.75.")


@dataclasses.dataclass(frozen=True)
class TrainSettings(Checked):
    """A run: what it starts from, where it writes, what it tells."""

    pack: str = option("", "pack made by recipes.accelerated.pack")
    weights: str = option("", "weights file to start from, such as the shipped one")
    run_dir: str = option("", "folder for the state, the weights and the contact sheets")
    validation_dir: str = option("", "folder with rgb/, trimap/ and alpha/ to validate on")
    validate_seconds: float = option(60.0, "seconds between validations", above=0)
    save_seconds: float = option(60.0, "seconds between states written", above=0)
    report_every: int = option(100, "steps between progress lines", at_least=1)
    workers: int = option(
        0,
        "processes that draw procedural mattes; 0: two less than there are cores, without a GPU a "
        "quarter of them",
        at_least=0,
    )
    first_mattes: int = option(
        200, "procedural mattes that must be drawn before the first step", at_least=1
    )
    losses: LossSettings = part(LossSettings)
    examples: ExampleSettings = part(ExampleSettings)
    optimization: OptimizationSettings = part(OptimizationSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.first_mattes > self.examples.ring:
            raise InputError(
                f"--first_mattes={self.first_mattes} do not fit into --ring={self.examples.ring}; "
                "give a larger ring."
            )


def _batch_size(text: str) -> SizeOfBatch:
    found = re.fullmatch(r"(\d{1,4}):(\d{1,4}):(\d+(?:\.\d+)?)", text)
    if not found:
        raise InputError(f"--sizes: {text!r} is not side:count:share; give e.g. 256:64:0.5.")
    side, count, share = int(found[1]), int(found[2]), float(found[3])
    if side % SIZE_MULTIPLE or not SIZE_MULTIPLE <= side <= PHOTO_SIDE:
        raise InputError(
            f"--sizes: examples of {side} pixels are not possible; give a multiple of "
            f"{SIZE_MULTIPLE} from {SIZE_MULTIPLE} to {PHOTO_SIDE}."
        )
    if count < 2:
        raise InputError(
            f"--sizes: batches of {count} are not possible; half of a batch is shrunk, give 2 or "
            "more."
        )
    return SizeOfBatch(side, count, share)


def _share(text: str) -> Share:
    found = re.fullmatch(r"([^:]+):(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", text)
    if not found:
        raise InputError(
            f"--shares: {text!r} is not source:share:share of shrunk; give e.g. hair:0.3:0.2."
        )
    return Share(tuple(found[1].split("+")), float(found[2]), float(found[3]))
