import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from pathlib import Path
from dim_tf.system.memory import give_back_memory, return_large_blocks

def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

{first}
kept = [np.ones(30_000) for _ in range(1000)]  # 240 KB each, below what goes back by itself
large = [np.ones(600_000) for _ in range(50)]  # 4.8 MB
end = np.ones(30_000)  # keeps the heap from shrinking at its end
full = megabytes()
kept.clear()
large.clear()
{last}
print(full - megabytes())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_free_memory_goes_back_to_the_system():
    def given_back(first, last):
        program = PROGRAM.format(first=first, last=last)
        run = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        return float(run.stdout)

    assert given_back("return_large_blocks()", "give_back_memory()") > 430
    assert given_back("return_large_blocks()", "") > 220
