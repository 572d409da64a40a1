"""What stands behind each script: settings become values and calls.

A script imports this before anything else of it, so Ctrl-C is answered in a line from here on.
"""

import sys
from pathlib import Path
from types import TracebackType

_excepthook = sys.excepthook


def _tell_in_a_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Python's `sys.excepthook`: Ctrl-C while the rest is imported is no mistake to be traced."""
    if kind is not KeyboardInterrupt:
        _excepthook(kind, error, trace)
    elif sys.stderr is not None:
        name = Path(sys.argv[0]).name
        program = "dim-tf" if name in ("-m", "__main__.py") else name
        print(f"\n{program}: stopped by Ctrl-C.", file=sys.stderr)


sys.excepthook = _tell_in_a_line
