"""Every setting and constant of the project, with its default, in one place. No TensorFlow here.

The dataclasses are the settings of the library. `dim_tf/flags.py` turns each field made by
`option` into a command-line flag of the same name, with the text given here as its help.
"""

import dataclasses
import math
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from dim_tf.errors import InputError

# Trimap values (paper, section 4: the fourth input channel).
BACKGROUND = 0
UNKNOWN = 128
FOREGROUND = 255

# Mean of the training images, RGB order, grey levels (original: matting.py, g_mean). It is not the
# mean VGG16 was trained with; the original's choice is kept.
IMAGE_MEAN_RGB = (126.88, 120.24, 112.19)

# Input scaling of `normalize_vgg`: (RGB - mean) / 64 and (trimap - 128) / 64.
NORMALIZED_INPUT_DIVISOR = 64.0

# Five poolings: height and width of what enters the network are multiples of this.
SIZE_MULTIPLE = 32

# Inference: the largest photo for one pass, and the part of a larger one that a tile decides.
MAX_PIXELS = 2_000_000
TILE_CORE_SIDE = 704

# Pictures: larger ones are refused before they are decoded, and OpenCV decodes none above 2^30.
MAX_INPUT_MEGAPIXELS = 100.0
LARGEST_INPUT_MEGAPIXELS = 2**30 / 1e6

# Offline geometry (blog): the matte's long side, and the canvas a 640 crop centred on any of its
# pixels stays inside: 640 + 2 * 320.
FOREGROUND_LONG_SIDE = 640
CANVAS_SIDE = 1280

# Batch norm: the TensorFlow 1 defaults the original ran with.
BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.99

# Both losses are sqrt(difference^2 + LOSS_EPSILON^2) (paper, equation 1).
LOSS_EPSILON = 1e-6

# What NumPy takes as a seed.
LARGEST_SEED = 2**32 - 1


def option(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A dataclass field with a help text, what the setting means in its unit, and its bounds."""
    bounds = {"at least": at_least, "above": above, "at most": at_most}
    return dataclasses.field(default=default, metadata={"help": help, "bounds": bounds})


def probability(help: str) -> Any:
    """A dataclass field for how often something random happens; 0, never, is its default."""
    return option(0.0, help, at_least=0, at_most=1)


def part(config_class: type) -> Any:
    """A dataclass field that is itself a group of settings."""
    return dataclasses.field(default_factory=config_class, metadata={"part": config_class})


def choices_of(hint: Any) -> tuple[str, ...] | None:
    """The allowed words of a `Literal` type hint, or None for any other hint."""
    return get_args(hint) if get_origin(hint) is Literal else None


class _Checked:
    """Refuses a value of the wrong type, a word not among the choices, a number out of bounds."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            allowed = choices_of(hints[field.name])
            value = getattr(self, field.name)
            if allowed and value not in allowed:
                raise InputError(
                    f"--{field.name}={value} is not possible; choose one of {', '.join(allowed)}."
                )
            if not _is_of_type(value, hints[field.name]):
                raise InputError(f"--{field.name}={value!r} is not possible; see --help.")
            if isinstance(value, int | float) and not _inside(value, field.metadata["bounds"]):
                bounds = " and ".join(
                    f"{name} {bound}"
                    for name, bound in field.metadata["bounds"].items()
                    if bound is not None
                )
                raise InputError(f"--{field.name}={value} is not possible; give a number {bounds}.")


def is_union(hint: Any) -> bool:
    """Whether a type hint is like `float | None` or `int | Literal["auto"]`."""
    return get_origin(hint) in (types.UnionType, Union)


def _is_of_type(value: Any, hint: Any) -> bool:
    """Whether a value suits a field's type hint. Configs are also read from files."""
    if is_union(hint):
        return any(_is_of_type(value, member) for member in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(type(item) is get_args(hint)[0] for item in value)
    return type(value) in {float: (float, int)}.get(hint, (hint,))


def _inside(value: float, bounds: dict[str, float | None]) -> bool:
    if not math.isfinite(value):
        return False
    at_least, above, at_most = bounds.values()
    return (
        (at_least is None or value >= at_least)
        and (above is None or value > above)
        and (at_most is None or value <= at_most)
    )


@dataclasses.dataclass(frozen=True)
class NetworkConfig(_Checked):
    """What the network is. Stored with every checkpoint, so that weights never meet a stranger."""

    width: float = option(
        1.0, "multiplier on every channel count; 1 is the paper's network", above=0, at_most=4
    )
    fc6: Literal["7x7", "3x3", "1x1"] = option(
        "7x7",
        "kernel of conv6_1: 7x7 with 4096 channels is the original (103 M weights); "
        "3x3 and 1x1 have 512 channels",
    )
    decoder: Literal["unpool", "deconv"] = option(
        "unpool", "unpool: argmax unpooling (the paper); deconv: strided transposed convolutions"
    )
    batch_norm: bool = option(True, "batch norm after each decoder convolution")
    skip: bool = option(
        False, "add the encoder's feature before each pooling to the unpooled map of that size"
    )
    refine: bool = option(False, "add the paper's refinement stage (section 3.3)")
    normalize_input: bool = option(
        False,
        "feed (RGB - mean) / 64 and (trimap - 128) / 64 instead of the original's raw ranges; "
        "--normalize_vgg turns it on",
    )
    bn_eval: Literal["moving", "batch"] = option(
        "moving",
        "statistics of batch norm outside training: the moving averages, or the image's own",
    )


@dataclasses.dataclass(frozen=True)
class ExampleConfig(_Checked):
    """How a training example is made from a matte, its colours and a background."""

    trimap_mode: Literal["dilate_erode", "dilate"] = option(
        "dilate_erode",
        "how the unknown region grows out of the matte's edge: in both directions (the "
        "original's last code) or outwards only (the blog)",
    )
    trimap_kernels: Literal["same", "independent"] = option(
        "same",
        "with dilate_erode: one kernel for both directions (the original), or one drawn for each, "
        "so that the matte's edge is not always in the middle of the unknown region",
    )
    trimap_kernel_min: int = option(
        20, "smallest side of the trimap's square kernel, pixels", at_least=1
    )
    trimap_kernel_max: int = option(
        39, "largest side of the trimap's square kernel, pixels", at_least=1
    )
    crop_sizes: tuple[int, ...] = option((320, 480, 640), "crop sides to choose from, pixels")
    crop_safety: Literal["manifest", "center", "pull_back"] = option(
        "manifest",
        "a crop that would leave the canvas: center draws crop centres only where none does, "
        "pull_back moves the crop inside; manifest: as the dataset was made for",
    )
    input_size: int = option(320, "side of the example after resizing, pixels")
    composite: Literal["after_resize", "before_resize"] = option(
        "after_resize",
        "when the photo is composited; before_resize lets the ground truth drift (an ablation)",
    )
    foreground: Literal["eps", "premultiplied"] = option(
        "eps",
        "foreground colours: eps as in equation (1), or eps multiplied by alpha once more "
        "(the original's bug)",
    )
    quarter_turns: bool = option(False, "turn examples by 0, 90, 180 or 270 degrees")
    colour_change: float = probability(
        "probability of another contrast, brightness, tint and gamma, drawn apart for foreground "
        "and background"
    )
    similar_background: float = probability(
        "probability that the background's colours are moved toward the foreground's"
    )
    background_blur: float = probability("probability of a background out of focus")
    noise: float = probability("probability of noise in the photo")
    jpeg: float = probability("probability of JPEG compression of the photo")
    hard_list: str = option(
        "", "text file with one foreground name per line: train on these only (hard mode)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trimap_kernel_min > self.trimap_kernel_max:
            raise InputError(
                f"The trimap kernel range {self.trimap_kernel_min}…{self.trimap_kernel_max} is "
                "empty; give a --trimap_kernel_max that is at least --trimap_kernel_min."
            )
        if not self.crop_sizes or min(self.crop_sizes) < 1:
            raise InputError("--crop_sizes needs at least one positive side, e.g. 320,480,640.")
        if self.input_size < SIZE_MULTIPLE or self.input_size % SIZE_MULTIPLE:
            raise InputError(
                f"--input_size={self.input_size} is not possible; the network needs a multiple of "
                f"{SIZE_MULTIPLE}."
            )


@dataclasses.dataclass(frozen=True)
class LossConfig(_Checked):
    """What is minimised (paper, equations 1 to 3)."""

    alpha_loss_weight: float = option(
        0.5,
        "weight of the alpha loss; the compositional loss has the rest to 1",
        at_least=0,
        at_most=1,
    )
    known_weight: float = option(
        0.5,
        "weight of pixels outside the unknown region: 0.5 in the blog's code, 0 in the paper",
        at_least=0,
        at_most=1,
    )
    comp_loss_divisor: float = option(
        255.0,
        "the colour difference is divided by this; 255 puts it on the scale of alpha",
        above=0,
    )


@dataclasses.dataclass(frozen=True)
class TrainingConfig(_Checked):
    """A training run."""

    data_dir: str = option("", "dataset made by preprocess_offline.py")
    run_dir: str = option("", "folder of this run: checkpoints, logs, the run's own flagfile")
    steps: int = option(
        100_000, "training steps in all, those before a resume included", at_least=1
    )
    batch_size: int = option(
        1, "examples per step; 1 is the blog's choice, every pixel a sample", at_least=1
    )
    learning_rate: float | None = option(
        None,
        "Adam's learning rate; left out: 1e-4 with batch norm and 1e-5 without (the blog)",
        at_least=0,
    )
    learning_rate_schedule: Literal["constant", "cosine"] = option(
        "constant", "constant (the original), or cosine: down to 2 % at the last step"
    )
    warmup_steps: int = option(
        0, "steps over which the learning rate grows linearly from 0", at_least=0
    )
    clip_norm: float = option(
        0.0,
        "clip the gradient of each variable to this norm; 0 does not clip (the original)",
        at_least=0,
    )
    mixed_precision: Literal["float32", "bfloat16"] = option(
        "float32", "bfloat16: convolutions in bfloat16, weights, losses and optimizer in float32"
    )
    vgg_weights: str = option(
        "",
        "initial encoder: path of vgg16_weights.npz (Davi Frossard's keys), 'keras' for the "
        "weights of keras.applications, nothing for random weights",
    )
    normalize_vgg: bool = option(
        False,
        "rescale the loaded encoder to unit-RMS activations and start its trimap slice at random; "
        "the same function of the photo, and much faster training",
    )
    train_stage: Literal["all", "encoder_decoder", "refinement"] = option(
        "all",
        "which weights learn; the paper trains encoder_decoder, then refinement, then all",
    )
    init_from: str = option(
        "", "checkpoint to start from when the run folder has none (for the paper's stages)"
    )
    seed: int = option(
        1,
        "seed of the initial weights and of every draw of the data pipeline",
        at_least=0,
        at_most=LARGEST_SEED,
    )
    overfit: int = option(
        0, "train on this many fixed examples only; 1 is the blog's sanity check", at_least=0
    )
    strict: bool = option(
        False,
        "stop at the first example that cannot be made (a picture that is damaged, of another size "
        "than its partner, or a matte without unknown pixels) instead of naming and skipping it",
    )
    skip_nonfinite: int = option(
        0,
        "skip up to this many steps, in all, whose loss or gradient is not finite, instead of "
        "stopping at the first",
        at_least=0,
    )
    validation_dir: str = option("", "folder with rgb/, trimap/ and alpha/ to validate on")
    validate_every: int = option(1_000, "steps between validations; 0 never validates", at_least=0)
    checkpoint_every: int = option(200, "steps between checkpoints", at_least=1)
    keep_checkpoints: int = option(
        3, "checkpoints kept; the best one by validation comes on top", at_least=1
    )
    log_every: int = option(
        50, "steps between lines of the loss log and TensorBoard scalars", at_least=1
    )
    image_every: int = option(500, "steps between TensorBoard images; 0 writes none", at_least=0)
    resume: bool = option(True, "go on from the newest checkpoint in run_dir")
    strategy: Literal["default", "mirrored"] = option(
        "default", "tf.distribute strategy: one device, or all devices of this machine"
    )
    progress: bool = option(True, "show the loss, step time and time left")
    synthetic: int = option(
        0,
        "if data_dir holds no dataset, make one there from this many procedural mattes first",
        at_least=0,
    )
    photos_dir: str = option(
        "", "photographs for the colours and backgrounds of --synthetic; left out: textures"
    )
    decoded_gigabytes: float = option(
        10.0,
        "disk that decoded copies of the dataset's pictures may take, kept in data_dir/decoded: "
        "they are read about ten times faster than PNG; 0 keeps none",
        at_least=0,
    )
    preview: bool = option(
        False,
        "write run_dir/before_after.png: the matte of a procedural picture that is not in the "
        "data, before and after training",
    )
    network: NetworkConfig = part(NetworkConfig)
    examples: ExampleConfig = part(ExampleConfig)
    losses: LossConfig = part(LossConfig)

    @property
    def base_learning_rate(self) -> float:
        """The learning rate that is used: the one given, or the blog's for this network."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 1e-4 if self.network.batch_norm else 1e-5


@dataclasses.dataclass(frozen=True)
class OfflineConfig(_Checked):
    """The offline step: mattes, colours and backgrounds in, a PNG dataset out."""

    out_dir: str = option("", "folder to write the dataset to")
    alpha_dir: str = option("", "folder of mattes")
    eps_dir: str = option(
        "",
        "folder of the pictures that carry the foreground colours, one for each matte, same file "
        "stem (the blog calls them eps)",
    )
    bg_dir: str = option("", "folder of background photographs")
    adobe_root: str = option(
        "", "root of the Adobe matting dataset (holds Combined_Dataset); needs no renaming"
    )
    adobe_split: Literal["train", "test"] = option(
        "train", "train: the training foregrounds; test: Composition-1k, by the official recipe"
    )
    synthetic: int = option(
        0, "make this many procedural mattes instead of reading --alpha_dir", at_least=0
    )
    synthetic_kinds: tuple[str, ...] = option(
        (),
        "kinds of procedural mattes that take turns; a kind may be named more than once, e.g. "
        "hair,hair,fur,hard; left out: every kind once",
    )
    photos_dir: str = option(
        "",
        "photographs to take foreground colours and backgrounds from, with --synthetic; "
        "without it both are procedural textures",
    )
    hold_out: bool = option(
        False,
        "leave every ninth photograph of --photos_dir out of the dataset, for measuring on "
        "pictures that training never saw",
    )
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
    seed: int = option(
        1, "seed of the pairing and of the procedural mattes", at_least=0, at_most=LARGEST_SEED
    )
    workers: int = option(0, "processes; 0 takes one per core", at_least=0)
    strict: bool = option(False, "stop at the first refused file instead of going on without it")
    progress: bool = option(True, "show a progress bar")


@dataclasses.dataclass(frozen=True)
class InferenceConfig(_Checked):
    """From a photo and a trimap or mask to a matte on disk."""

    rgb: str = option("", "photo: a file, a folder or a glob; left out: the shipped sample")
    alpha: str = option(
        "", "mask or rough matte to make the trimap from: file, folder or glob, paired by stem"
    )
    trimap: str = option(
        "", "trimap (0 background, 128 unknown, 255 foreground): file, folder or glob"
    )
    rect: str = option(
        "",
        "instead of a mask: x,y,width,height of a rectangle around the object, pixels, in which "
        "GrabCut looks for it; auto: the photo but for a small margin",
    )
    checkpoint: str = option("", "released weights (.npz) or a run folder; left out: the default")
    output: str = option(
        "",
        "matte to write: a name ending in .png, or a folder that gets one PNG per photo; left out: "
        "alpha.png, or the folder mattes with several photos",
    )
    side_by_side: str = option(
        "",
        "picture of photo, trimap, matte and composite to write: a name ending in .png, or a "
        "folder; left out: none (the demo writes one beside its matte)",
    )
    cutout: str = option(
        "",
        "cut-out to write, RGBA with the object's own colours at its edge: a name ending in .png, "
        "or a folder; needs pymatting",
    )
    background: str = option(
        "",
        "put the cut-out on this: a colour (white, '#20a050') or a picture; needs pymatting",
    )
    composite: str = option(
        "",
        "where --background's result goes: a name ending in .png, or a folder; left out: beside "
        "the matte",
    )
    save_trimap: str = option(
        "",
        "trimap to write, as the network sees it: a name ending in .png, or a folder; left out: "
        "none",
    )
    trimap_kernel: int | Literal["auto"] = option(
        "auto",
        "how wide the unknown band is that is made around a mask's edge: the side of the kernel, "
        "pixels; auto: wider around larger objects",
        at_least=1,
        at_most=10_000,
    )
    invert: Literal["auto", "yes", "no"] = option(
        "auto",
        "whether the object is black in the mask or trimap; auto: where it is white along its "
        "whole border and black inside",
    )
    trimap_mode: Literal["dilate_erode", "dilate"] = option(
        "dilate_erode", "grow the unknown region to both sides of the mask's edge, or outwards only"
    )
    bn_eval: Literal["checkpoint", "moving", "batch"] = option(
        "checkpoint",
        "statistics of batch norm: the moving averages, the photo's own, or what the checkpoint "
        "says is better for it",
    )
    size: int = option(
        0,
        "squash the photo to a square of this side first, as the original did; 0: its own size",
        at_least=0,
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto",
        "of the convolutions; auto: bfloat16 where the processor has instructions for it (faster, "
        "the matte differs by a grey level here and there), otherwise float32",
    )
    bits: Literal["8", "16"] = option("8", "bits per pixel of the matte written")
    gt: str = option(
        "",
        "true mattes, 0 to 255: file, folder or glob, paired by stem; prints the errors of the "
        "mattes, rounded to 8 bits, and writes --report",
    )
    predictions: str = option(
        "",
        "measure these mattes of another tool against --gt instead of predicting: file, folder or "
        "glob; needs no checkpoint, and --rgb only to show the photos on the sheets",
    )
    report: str = option(
        "report", "with --gt: folder for metrics.csv, metrics.json and sheets, the worst first"
    )
    sheets: int = option(
        50, "side-by-side sheets in the report, of the mattes with the largest SAD", at_least=0
    )
    region: Literal["unknown", "whole"] = option(
        "unknown",
        "pixels that the errors are taken over: those unknown in the trimap, as in the "
        "literature, or the whole image",
    )
    max_pixels: int = option(
        MAX_PIXELS,
        "largest photo for one pass, in pixels; memory grows by about 1.2 kB for each at full "
        "width. A larger one goes through in overlapping tiles, with the same matte",
        at_least=1,
    )
    max_input_megapixels: float = option(
        MAX_INPUT_MEGAPIXELS,
        "largest picture that is read, in millions of pixels; larger ones are refused unread",
        above=0,
        at_most=LARGEST_INPUT_MEGAPIXELS,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size**2 > self.max_pixels:
            raise InputError(
                f"--size={self.size} is not possible; give 0 for the photo's own size, or a side "
                f"whose square is at most --max_pixels={self.max_pixels}."
            )
        if self.composite and not self.background:
            raise InputError("--composite needs --background, a colour or a picture.")


@dataclasses.dataclass(frozen=True)
class HeldOutConfig(_Checked):
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


@dataclasses.dataclass(frozen=True)
class AblationConfig(_Checked):
    """The blog's ablations: which runs, on what, and where their records go."""

    photos_dir: str = option(
        "", "photographs for colours and backgrounds; every ninth is only measured on"
    )
    validation_dir: str = option(
        "", "folder with rgb/, trimap/ and alpha/ to measure on as well; left out: none"
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
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds; each arm is run once with each")
    only: tuple[str, ...] = option((), "arms to run; left out: all")
    steps: int = option(0, "steps of every run instead of those in the flagfiles", at_least=0)
    mattes: int = option(600, "procedural mattes in the dataset", at_least=1)
    composites: int = option(100, "held-out composites to measure on", at_least=1, at_most=1000)
    composite_size: int = option(
        512, "side of a held-out composite, pixels", at_least=SIZE_MULTIPLE
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
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InputError("--seeds needs different whole numbers, e.g. 1,2,3.")
        if not all(0 <= seed <= LARGEST_SEED for seed in self.seeds):
            raise InputError(f"--seeds are possible from 0 to {LARGEST_SEED}.")
