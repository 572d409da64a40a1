"""What this machine's processor can do."""

import os
import platform
from pathlib import Path


def processor_name() -> str:
    """What the processor calls itself; its architecture where that is not known."""
    for line in _processor_lines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def processor_flags() -> frozenset[str]:
    """The instruction sets Linux names for this processor ("avx2", "amx_bf16"); none elsewhere."""
    return frozenset(
        flag
        for line in _processor_lines()
        if line.startswith(("flags", "Features"))
        for flag in line.split()
    )


def bfloat16_instructions() -> list[str]:
    """The instructions with which this processor multiplies bfloat16; none where it is unknown."""
    return sorted({"amx_bf16", "avx512_bf16"} & processor_flags())


def has_bfloat16_instructions() -> bool:
    """Whether this processor multiplies bfloat16 natively; False where it cannot be told."""
    return bool(bfloat16_instructions())


def ask_for_onednn() -> None:
    """Turns oneDNN on for training, unless the environment decides; before TensorFlow is imported.

    TensorFlow leaves it off on processors without AVX512-VNNI or AVX-VNNI. There too, gradients of
    convolutions are several times faster with it (benchmarks/README.md).
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def _processor_lines() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return []
