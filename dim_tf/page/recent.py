"""Mattes that were made last: who asks next for a cut-out of one need not wait again."""

from collections import OrderedDict

import numpy as np


class RecentArrays:
    """Arrays by a key, the last used, as many as there is room for; the newest always."""

    def __init__(self, most_bytes: int) -> None:
        """Begins empty."""
        self._most_bytes = most_bytes
        self._arrays: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def get(self, key: bytes) -> np.ndarray | None:
        """The array of a key, or None where it is not there, or no longer."""
        if key in self._arrays:
            self._arrays.move_to_end(key)
        return self._arrays.get(key)

    def put(self, key: bytes, array: np.ndarray) -> None:
        """Keeps an array, and lets go of those that were used longest ago."""
        self._arrays[key] = array
        self._arrays.move_to_end(key)
        while len(self._arrays) > 1 and self._bytes() > self._most_bytes:
            self._arrays.popitem(last=False)

    def _bytes(self) -> int:
        return sum(array.nbytes for array in self._arrays.values())
