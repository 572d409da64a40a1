import pickle
import subprocess
import sys

import pytest

from dim_tf.system.memory import NotEnoughMemoryError, lacks_memory

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


def test_what_libraries_say_of_memory_is_known():
    said = (
        "[ONNXRuntimeError] : 1 : FAIL : Failed to allocate memory for requested buffer of size 9",
        "OpenCV(4) error: (-4:Insufficient memory) Failed to allocate 9 bytes",
        "std::bad_alloc",
        "could not create a primitive descriptor for a convolution",
        "can't start new thread",
    )
    assert all(lacks_memory(RuntimeError(words)) for words in said)
    assert lacks_memory(MemoryError()) and not lacks_memory(RuntimeError("out of ideas"))


def test_the_sentence_comes_from_another_process_as_it_was():
    error = NotEnoughMemoryError("photo.png")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
