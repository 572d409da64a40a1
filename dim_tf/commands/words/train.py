"""Trains Deep Image Matting on a dataset made by dim-tf prepare.

    dim-tf train --flagfile=quickstart.flags

is a first try: two minutes on a laptop, nothing to download. The blog's settings, on data of yours,
from VGG16's weights (keras in the place of the file fetches them):

    dim-tf train data --flagfile=blog.flags -o runs/blog --vgg_weights=vgg16_weights.npz

A run that was stopped goes on with the same command.
"""

from dim_tf.commands.script import Command
from dim_tf.config import TrainingConfig
from dim_tf.system.processor import ask_for_onednn


def train(config: TrainingConfig) -> None:
    """Begins the run, or goes on with it.

    Raises:
        InputError: see `start_run`.
    """
    ask_for_onednn()
    from dim_tf.commands.train import start_run
    from dim_tf.config.flags import flagfile_text

    start_run(config, flagfile_text(config))


COMMAND = Command(TrainingConfig, train, files=("data_dir",), aliases={"o": "run_dir"})
