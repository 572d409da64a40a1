"""The command as a user types it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "dim_tf"]


def run_command(*arguments, folder=ROOT, **options):
    """Runs the command as a user does; status, what was printed, what was said of errors."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        cwd=folder,
        env=environment,
        check=False,
        **options,
    )
    return ended.returncode, ended.stdout, ended.stderr.decode()


def written_in(folder):
    """The names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())
