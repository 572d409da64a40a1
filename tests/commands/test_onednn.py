"""Both commands that train ask for oneDNN, which TensorFlow leaves off on some processors."""

import os

import pytest

from dim_tf.commands import ablations
from dim_tf.commands.words import train
from dim_tf.config import AblationConfig, TrainingConfig

NAME = "TF_ENABLE_ONEDNN_OPTS"


@pytest.mark.parametrize("set_before, during", [(None, "1"), ("0", "0")])
@pytest.mark.parametrize(
    "command, config, works",
    [
        (train.train, TrainingConfig(), "dim_tf.commands.train.start_run"),
        (
            ablations.one,
            AblationConfig(only=("base",), seeds=(1,)),
            "dim_tf.ablations.one.run_arm",
        ),
    ],
)
def test_training_asks_for_onednn_unless_the_environment_decides(
    monkeypatch, command, config, works, set_before, during
):
    monkeypatch.setenv(NAME, set_before or "")
    if set_before is None:
        monkeypatch.delenv(NAME)
    seen = []
    monkeypatch.setattr(works, lambda *arguments: seen.append(os.environ.get(NAME)))
    command(config)
    assert seen == [during]
