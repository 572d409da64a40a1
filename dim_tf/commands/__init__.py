"""What stands behind each script: settings become values and calls.

A script imports this before anything else of it, so Ctrl-C is answered in a line from here on.
"""

import sys
from pathlib import Path
from types import TracebackType

_excepthook = sys.excepthook


def tell_interrupt(program: str) -> None:
    """What a program says where Ctrl-C ends it."""
    print(f"\n{program}: stopped by Ctrl-C.", file=sys.stderr)


def _tell_in_a_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Python's `sys.excepthook`: Ctrl-C while the rest is imported is no mistake to be traced."""
    if kind is not KeyboardInterrupt:
        _excepthook(kind, error, trace)
    elif sys.stderr is not None:
        name = Path(sys.argv[0]).name
        tell_interrupt("dim-tf" if name in ("-m", "__main__.py") else name)


sys.excepthook = _tell_in_a_line
