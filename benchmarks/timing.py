"""What the benchmarks share: timing in alternation, and the machine they ran on."""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path


def fastest(functions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of the fastest of several calls of each function, called in turn.

    In turn, so that whatever slows the machine for a while slows all of them; the fastest, because
    everything else that happens on a machine only adds time.

    Args:
        functions: by name; each blocks until its work is done.
        rounds: calls of each, after one that is not counted.
    """
    seconds = dict.fromkeys(functions, float("inf"))
    for round_number in range(rounds + 1):
        for name, function in functions.items():
            begun = time.perf_counter()
            function()
            if round_number:
                seconds[name] = min(seconds[name], time.perf_counter() - begun)
    return seconds


def busy_seconds() -> float:
    """What all programs had of the processors since the machine started; Linux."""
    user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """One line on the processor, its instructions and the versions."""
    import tensorflow as tf

    from dim_tf.system.processor import bfloat16_instructions

    model = platform.processor()
    details = Path("/proc/cpuinfo")
    if details.exists():
        lines = (line.split(":", 1) for line in details.read_text().splitlines() if ":" in line)
        fields = {name.strip(): value.strip() for name, value in lines}
        model = fields.get("model name", model)
    bfloat16 = bfloat16_instructions() or ["no bfloat16 instructions"]
    return (
        f"{model}, {os.cpu_count()} cores, {', '.join(bfloat16)}; Python "
        f"{platform.python_version()}, TensorFlow {tf.__version__}"
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
