import pytest
import tensorflow as tf

from dim_tf.model import convolution
from dim_tf.system import processor
from dim_tf.training import start


@pytest.mark.parametrize(
    ("flags", "precision", "gpus", "warned"),
    [
        ("avx2 fma", "bfloat16", [], True),
        ("avx2 fma", "float32", [], False),
        ("avx2 avx512_bf16", "bfloat16", [], False),
        ("asimd", "bfloat16", [], False),  # not a PC's: nobody knows
        ("avx2 fma", "bfloat16", ["a GPU"], False),
    ],
)
def test_bfloat16_without_instructions_for_it_is_warned_of(
    monkeypatch, caplog, flags, precision, gpus, warned
):
    for module in (processor, convolution):
        monkeypatch.setattr(module, "processor_flags", lambda: frozenset(flags.split()))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    start.warn_of_slow_precision(precision)
    assert ("--mixed_precision=float32" in caplog.text) is warned
