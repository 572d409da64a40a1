"""Settings of a training run: its losses, its start, its steps, its machines, its dataset."""

import dataclasses
from typing import Literal

from dim_tf.config.constants import FINAL_LEARNING_RATE, LARGEST_SEED
from dim_tf.config.examples import ExampleConfig
from dim_tf.config.fields import Checked, option, part
from dim_tf.config.network import NetworkConfig


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
        "constant",
        f"constant (the original), or cosine: down to {100 * FINAL_LEARNING_RATE:g} % at the last "
        "step",
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
        "grpc://HOST:PORT of a tf.data service, of one worker, that makes this worker's examples; "
        "nothing: this process makes them",
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
    validation_dir: str = option(
        "",
        "folder with rgb/, trimap/ and alpha/ to validate on: the network alone, as dim-tf measure "
        "--post_process=none does",
    )
    validate_every: int = option(
        1_000,
        "steps between validations, of which one is at the end as well; 0 never validates",
        at_least=0,
    )
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
