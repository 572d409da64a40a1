"""Trains Deep Image Matting on a dataset made by dim-tf prepare.

    dim-tf train --flagfile=quickstart.flags

is a first try: two minutes on a laptop, nothing to download. The blog's settings, on data of yours:

    dim-tf train data --flagfile=blog.flags -o runs/blog

A run that was stopped goes on with the same command.
"""

import os

from dim_tf.commands.script import Command
from dim_tf.config import TrainingConfig


def train(config: TrainingConfig) -> None:
    """Begins the run, or goes on with it.

    Raises:
        InputError: see `start_run`.
    """
    # TensorFlow leaves oneDNN off on processors without AVX512-VNNI or AVX-VNNI. Gradients of
    # convolutions are several times faster with it there too (benchmarks/README.md).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    from dim_tf.commands.train import start_run
    from dim_tf.config.flags import flagfile_text

    start_run(config, flagfile_text(config))


COMMAND = Command(TrainingConfig, train, files=("data_dir",), aliases={"o": "run_dir"})
