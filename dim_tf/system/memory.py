"""Whether memory was short, and memory that stays flat over photos of many sizes with glibc.

By itself glibc keeps what a photo left behind: it raises the size from which a block goes back to
the system when it is freed to 32 MB, and below that the next photo, of another size, fragments the
heap. With another C library these functions do nothing.

A block that goes back and is asked for again costs the system a page fault for every 4 KB: with
every block from 256 KB on, a fifth of the processor's time for a photo of half a megapixel.
"""

import ctypes
import os
from collections.abc import Callable

from dim_tf.system.errors import InputError

# glibc's malloc.h, and the size from which a block is a mapping of its own.
_M_MMAP_THRESHOLD = -3
_LARGE_BLOCK = 2**22
_SAID_OF_MEMORY = (
    *("Insufficient memory", "Failed to allocate memory", "bad_alloc"),
    "could not create a primitive",  # oneDNN
    "can't start new thread",  # Python, which has no room for its stack
)


class NotEnoughMemoryError(InputError):
    """A picture that memory does not hold."""

    def __init__(self, name: str | os.PathLike) -> None:
        """Args: the picture's file, or what a sentence calls it."""
        super().__init__(f"There is not enough memory for {name}; give a smaller picture.")
        self._name = name

    def __reduce__(self) -> tuple[type, tuple]:
        """From another process it comes by its name; by itself Python takes the sentence for it."""
        return type(self), (self._name,)


def lacks_memory(error: Exception) -> bool:
    """Whether an error says that there was not enough memory.

    Python's, TensorFlow's, OpenCV's or onnxruntime's.
    """
    # By name, since none of the three is imported for this.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or any(words in str(error) for words in _SAID_OF_MEMORY)
    )


def return_large_blocks() -> None:
    """Has every block of 4 MB or more, from now on, go back to the system when it is freed."""
    _c_function("mallopt")(_M_MMAP_THRESHOLD, _LARGE_BLOCK)


def give_back_memory() -> None:
    """Gives the pages that are free now back to the system."""
    _c_function("malloc_trim")(0)


def _c_function(name: str) -> Callable[..., object]:
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # musl and macOS have none; Windows no CDLL(None)
        return lambda *_: None
