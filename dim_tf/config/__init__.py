"""Every setting and constant of the project, with its default, in one place. No TensorFlow here.

The dataclasses are the settings of the library. `dim_tf/config/flags.py` turns each field made by
`option` into a command-line flag of the same name, with the text given there as its help.
"""

from dim_tf.config.beam import BeamConfig, RunningConfig
from dim_tf.config.constants import (
    BACKGROUND,
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    CANVAS_SIDE,
    FINAL_LEARNING_RATE,
    FOREGROUND,
    FOREGROUND_LONG_SIDE,
    IMAGE_MEAN_RGB,
    LAPLACIAN_LEVELS,
    LARGEST_INPUT_MEGAPIXELS,
    LARGEST_SEED,
    LOSS_EPSILON,
    MAX_INPUT_MEGAPIXELS,
    MAX_PIXELS,
    NORMALIZED_INPUT_DIVISOR,
    SIZE_MULTIPLE,
    TILE_CORE_SIDE,
    UNKNOWN,
)
from dim_tf.config.evaluation import AblationConfig, HeldOutConfig
from dim_tf.config.examples import ExampleConfig
from dim_tf.config.exports import ExportConfig
from dim_tf.config.fields import config_from_values, python_number, values_of, with_values
from dim_tf.config.inference import (
    InferenceConfig,
    MattingConfig,
    MeasuringConfig,
    ReadingConfig,
    WritingConfig,
)
from dim_tf.config.network import NetworkConfig
from dim_tf.config.offline import (
    AdobeConfig,
    CutOutConfig,
    FolderConfig,
    JobsConfig,
    LayoutConfig,
    MixConfig,
    OfflineConfig,
    SyntheticConfig,
)
from dim_tf.config.page import PageConfig, ServingConfig
from dim_tf.config.training import (
    DataConfig,
    LossConfig,
    OptimizationConfig,
    RunConfig,
    StartConfig,
    TrainingConfig,
    WorkersConfig,
)
