"""Of several pictures one that cannot be used is named, and the others go on."""

import sys
from pathlib import Path

from dim_tf.system.errors import InputError, printable


class Failures:
    """Counts the pictures of a command that cannot be used.

    Attributes:
        count: how many so far.
    """

    def __init__(self, pictures: int) -> None:
        """Begins to count, of this many pictures."""
        self.count = 0
        self._pictures = pictures

    def add(self, picture: Path, error: InputError) -> None:
        """Counts a picture and names it on stderr.

        Raises:
            InputError: the one given, if it is the only picture: then it is the command's error.
        """
        if self._pictures == 1:
            raise error
        self.count += 1
        named = printable(str(picture)) in str(error)
        told = str(error) if named else f"{picture}: {error}"
        print(printable(told), file=sys.stderr, flush=True)

    def raise_if_any(self, kind: str) -> None:
        """Ends the command with a sentence that says how many failed.

        Args:
            kind: plural of what the pictures are.

        Raises:
            InputError: at least one did.
        """
        if self.count:
            raise InputError(
                f"{self.count} of {self._pictures} {kind} could not be used and are named above; "
                f"{self._pictures - self.count} were."
            )
