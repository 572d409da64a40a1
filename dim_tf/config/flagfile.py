"""Flagfiles: `--flagfile=FILE` stands for the flags in a file, one per line.

Those that come with the program are found from any folder, by their name: `quickstart.flags`.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from dim_tf.system.errors import InputError
from dim_tf.system.shipped import existing_or_shipped, shipped_folder

_LARGEST_FILE = 1_000_000  # bytes
# Files that include files twice would double the flags with every level.
_MOST_FILES = 100
# The folder of those that come with the program.
FLAGFILES = "flagfiles"
_DIRECTIVES = ("--flagfile", "-flagfile")


def expand_flagfiles(arguments: Sequence[str]) -> list[str]:
    """Puts the flags of the files that `--flagfile=FILE` names before those that are typed.

    Of flags of one name the last counts, so what is typed wins over a file, wherever it stands.
    Else as absl does it: blank lines and those that begin with # or // do not count, and a flagfile
    may name others. absl only warns of a file that includes itself, and reads on for ever where
    files include each other twice.

    Args:
        arguments: of the command line, without the program.

    Raises:
        InputError: a file cannot be read, is too large or not UTF-8 text, includes itself, or
            there are too many.
    """
    found = list(_expanded(list(arguments), (), [0]))
    of_files = [argument for argument, is_typed in found if not is_typed]
    return of_files + [argument for argument, is_typed in found if is_typed]


def shipped_flagfiles() -> list[str]:
    """The names of the flagfiles that come with the program, those of the ablations aside."""
    return sorted(path.name for path in shipped_folder(FLAGFILES).glob("*.flags"))


def _expanded(
    arguments: list[str], including: tuple[Path, ...], count: list[int]
) -> Iterator[tuple[str, bool]]:
    """The arguments one by one, and whether each was typed."""
    is_typed = not including
    while arguments:
        argument = arguments.pop(0)
        if argument == "--":
            yield from ((left, is_typed) for left in (argument, *arguments))
            return
        name, equals, value = argument.partition("=")
        if name not in _DIRECTIVES:
            yield argument, is_typed
            continue
        if not equals:
            if not arguments:
                raise InputError("--flagfile needs a file: --flagfile=FILE.")
            value = arguments.pop(0)
        if not value.strip():
            continue
        with _telling(value):
            path = existing_or_shipped(Path(value.strip()).expanduser(), FLAGFILES)
            resolved = path.resolve()
        if resolved in including:
            raise InputError(f"The flagfile {path} includes itself; remove that line.")
        count[0] += 1
        if count[0] > _MOST_FILES:
            raise InputError(f"--flagfile={path} would be file {count[0]}; that is too many.")
        yield from _expanded(_read_flags(path), (*including, resolved), count)


def _read_flags(path: Path) -> list[str]:
    with _telling(path):
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    if len(content) > _LARGEST_FILE:
        raise InputError(f"--flagfile={path} has more than {_LARGEST_FILE} bytes of flags.")
    return [line for line in lines if line and not line.startswith(("#", "//"))]


@contextlib.contextmanager
def _telling(path: str | Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise InputError(f"--flagfile={path} is not UTF-8 text.") from None
    except FileNotFoundError:
        shipped = ", ".join(shipped_flagfiles())
        raise InputError(
            f"--flagfile={path} does not exist; shipped with the program: {shipped}."
        ) from None
    except OSError as error:
        raise InputError(f"--flagfile={path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RuntimeError) as error:  # no path at all, or no such user
        raise InputError(f"--flagfile={path} is not a file: {error}.") from None
