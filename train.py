"""Trains Deep Image Matting on a dataset made by preprocess_offline.py.

A first try, two minutes on a laptop:
    python train.py --flagfile=flagfiles/quickstart.flags
The blog's settings:
    python train.py --flagfile=flagfiles/blog.flags --data_dir=data --run_dir=runs/blog
A run that was stopped goes on with the same command.
"""

import os

from dim_tf.commands.script import run_script
from dim_tf.commands.train import start_run
from dim_tf.config import TrainingConfig
from dim_tf.config.flags import flagfile_text

if __name__ == "__main__":
    # TensorFlow leaves oneDNN off on processors without AVX512-VNNI or AVX-VNNI. Gradients of
    # convolutions are several times faster with it there too (benchmarks/README.md).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    run_script(TrainingConfig, lambda config: start_run(config, flagfile_text(config)))
