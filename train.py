r"""Trains Deep Image Matting on a dataset made by preprocess_offline.py.

A first try, two minutes on a laptop:
    python train.py --flagfile=flagfiles/quickstart.flags
The blog's settings, from VGG16's weights (--vgg_weights=keras fetches them):
    python train.py --flagfile=flagfiles/blog.flags --data_dir=data --run_dir=runs/blog \
        --vgg_weights=vgg16_weights.npz
A run that was stopped goes on with the same command.
"""

from dim_tf.commands.script import Command, run_script
from dim_tf.commands.words.train import train
from dim_tf.config import TrainingConfig


def run(config: TrainingConfig) -> None:
    """Begins the run, or goes on with it."""
    train(config)


if __name__ == "__main__":
    run_script(Command(TrainingConfig, run))
