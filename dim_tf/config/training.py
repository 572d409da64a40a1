"""Settings of a training run: its network, its examples, its losses."""

import dataclasses
from typing import Literal

from dim_tf.config.constants import LARGEST_SEED, SIZE_MULTIPLE
from dim_tf.config.fields import Checked, option, part, probability
from dim_tf.system.errors import InputError


@dataclasses.dataclass(frozen=True)
class NetworkConfig(Checked):
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
    certainty: bool = option(
        False,
        "add a second output that says how far off alpha may be at each pixel; alpha is learned as "
        "without it",
    )
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
class ExampleConfig(Checked):
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
    plain_background: float = probability(
        "probability of a wall or sheet of one colour with the object's shadow instead of the "
        "background photograph, as behind products"
    )
    background_blur: float = probability("probability of a background out of focus")
    edge_blur: float = probability(
        "probability of edges as soft as a lens makes them, also where the matte's are sharp"
    )
    noise: float = probability("probability of noise in the photo")
    jpeg: float = probability("probability of JPEG compression of the photo")
    unknown_patches: float = probability(
        "probability that the trimap is unknown in patches of any place as well, where all may be "
        "object or all background"
    )
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
class LossConfig(Checked):
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
    laplacian_loss_weight: float = option(
        0.0,
        "weight of the difference of alpha's Laplacian pyramids, added to the two losses; 0 leaves "
        "it out (the paper)",
        at_least=0,
    )


@dataclasses.dataclass(frozen=True)
class StartConfig(Checked):
    """The weights of step 0."""

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
    initial_kernels: Literal["scaled", "truncated_normal"] = option(
        "scaled",
        "kernels that no loaded weights fill: scaled to their inputs (He, in the decoder Xavier as "
        "in the paper), or the original's truncated normal of deviation 0.1 / √width",
    )
    initial_correction: Literal["zero", "random"] = option(
        "zero",
        "what the refinement stage begins with: zero changes nothing, but the stage alone hardly "
        "learns from there; random is a correction of some 0.1 that no loaded weights fill",
    )
    init_from: str = option(
        "", "checkpoint to start from when the run folder has none (for the paper's stages)"
    )


@dataclasses.dataclass(frozen=True)
class OptimizationConfig(Checked):
    """How a step changes the weights, and how many there are."""

    steps: int = option(
        100_000, "training steps in all, those before a resume included", at_least=1
    )
    batch_size: int = option(
        1,
        "examples per step, over all devices and machines; 1 is the blog's choice, every pixel a "
        "sample",
        at_least=1,
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
    train_stage: Literal["all", "encoder_decoder", "refinement"] = option(
        "all",
        "which weights learn; the paper trains encoder_decoder, then refinement, then all",
    )
    freeze_batch_norm: bool = option(
        False,
        "normalise with batch norm's averages as inference does, and leave them as they are; for "
        "a last stage that begins with --init_from",
    )
    skip_nonfinite: int = option(
        0,
        "skip up to this many steps, in all, whose loss or gradient is not finite, instead of "
        "stopping at the first",
        at_least=0,
    )
    strategy: Literal["default", "mirrored", "multi_worker"] = option(
        "default",
        "tf.distribute strategy: one device, all devices of this machine, or several machines that "
        "TF_CONFIG names (docs/scale.md)",
    )


@dataclasses.dataclass(frozen=True)
class WorkersConfig(Checked):
    """Other machines that a run needs."""

    wait_for_workers: int = option(
        600,
        "seconds that a worker of --strategy=multi_worker waits at the start for the others, and "
        "any run for its --data_service",
        at_least=1,
    )
    data_service: str = option(
        "",
        "grpc://HOST:PORT of a tf.data service that makes this worker's examples; nothing: this "
        "process makes them",
    )


@dataclasses.dataclass(frozen=True)
class RunConfig(Checked):
    """A training run on a dataset that is there."""

    run_dir: str = option("", "folder of this run: checkpoints, logs, the run's own flagfile")
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
    validation_dir: str = option("", "folder with rgb/, trimap/ and alpha/ to validate on")
    validate_every: int = option(1_000, "steps between validations; 0 never validates", at_least=0)
    checkpoint_every: int = option(200, "steps between checkpoints", at_least=1)
    keep_checkpoints: int = option(
        3, "checkpoints kept; the best one by validation comes on top", at_least=1
    )
    log_every: int = option(
        50, "steps that a line of progress and TensorBoard scalars are the mean of", at_least=1
    )
    image_every: int = option(500, "steps between TensorBoard images; 0 writes none", at_least=0)
    resume: bool = option(True, "go on from the newest checkpoint in run_dir")
    progress: bool = option(True, "show the loss, step time and time left")
    preview: bool = option(
        False,
        "write run_dir/before_after.png: the matte of a procedural picture that is not in the "
        "data, before and after training",
    )
    network: NetworkConfig = part(NetworkConfig)
    examples: ExampleConfig = part(ExampleConfig)
    losses: LossConfig = part(LossConfig)
    start: StartConfig = part(StartConfig)
    optimization: OptimizationConfig = part(OptimizationConfig)
    workers: WorkersConfig = part(WorkersConfig)

    @property
    def base_learning_rate(self) -> float:
        """The learning rate that is used: the one given, or the blog's for this network."""
        if self.optimization.learning_rate is not None:
            return self.optimization.learning_rate
        return 1e-4 if self.network.batch_norm else 1e-5


@dataclasses.dataclass(frozen=True)
class DataConfig(Checked):
    """The dataset that is trained on, and how it is made where there is none."""

    data_dir: str = option("", "dataset made by dim-tf prepare")
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


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Checked):
    """What train.py does: a dataset if it is missing, and the run on it."""

    data: DataConfig = part(DataConfig)
    run: RunConfig = part(RunConfig)
