"""train.py on disks and folders that fail: full, read-only, deleted, moved, shared, damaged.

    sudo python tests/stress/broken_folders.py [--only=full,read_only,…]

It mounts small file systems, which needs root on Linux. Every case ends with the run gone on and
compared with an undisturbed one: the same weights, optimizer, best network and, where the folder
was not deleted, logs.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from dim_tf.config.flags import flagfile_text
from tests.stress.kill_and_resume import differences, make_folders, newest, run_config

STEPS = 120


def start(folder: Path, run: str) -> subprocess.Popen:
    """train.py as a user starts it."""
    flagfile = folder / f"{run.replace('/', '_')}.flags"
    flagfile.write_text(flagfile_text(run_config(folder, run, STEPS)))
    return subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), f"--flagfile={flagfile}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )


def end(process: subprocess.Popen) -> tuple[int, str, str]:
    """Exit status, what it printed, and the sentence of its error (stderr without warnings)."""
    printed, errors = process.communicate(timeout=600)
    sentence = "\n".join(line for line in errors.splitlines() if line.startswith("train.py"))
    if "Traceback" in errors:
        raise SystemExit(errors)
    return process.returncode, printed, sentence


def wait_for_checkpoint(run_dir: Path, process: subprocess.Popen) -> None:
    """Until the run has saved once."""
    while newest(run_dir) == "none":
        if process.poll() is not None:
            raise SystemExit(process.communicate()[1])
        time.sleep(0.01)


@contextlib.contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """A file system of its own."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def finish(folder: Path, run: str, logs: bool = True) -> list[str]:
    """Goes on to the last step and compares."""
    status, _, sentence = end(start(folder, run))
    found = differences(folder / run, folder / "undisturbed", STEPS)
    if not logs:
        found = [line for line in found if line not in ("loss log", "TensorBoard")]
    return [*([f"status {status}: {sentence}"] if status else []), *found]


def full(folder: Path) -> tuple[str, list[str]]:
    """The disk fills up after the first checkpoint."""
    run_dir = folder / "full"
    with mounted(run_dir, "-o", "size=40m"):
        process = start(folder, "full")
        wait_for_checkpoint(run_dir, process)
        with contextlib.suppress(OSError), (run_dir / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        status, _, sentence = end(process)
        left = sorted(path.name for path in (run_dir / "checkpoints").glob(".*"))
        (run_dir / "ballast").unlink()
        wrong = [] if status == 1 and "is intact" in sentence and not left else [f"{status} {left}"]
        return sentence, wrong + finish(folder, "full")


def read_only(folder: Path) -> tuple[str, list[str]]:
    """The folder cannot be written to, at the start and when the run goes on."""
    place = folder / "read_only"
    with mounted(place):
        process = start(folder, "read_only/run")
        wait_for_checkpoint(place / "run", process)
        process.send_signal(signal.SIGTERM)
        end(process)
        before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        status, _, sentence = end(start(folder, "read_only/run"))
        wrong = [] if status == 1 and "Read-only" in sentence else [f"status {status}"]
        if before != {path: path.stat().st_mtime_ns for path in place.rglob("*")}:
            wrong.append("files changed")
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
        return sentence, wrong + finish(folder, "read_only/run")


def deleted(folder: Path) -> tuple[str, list[str]]:
    """The folder is deleted during the run."""
    process = start(folder, "deleted")
    wait_for_checkpoint(folder / "deleted", process)
    shutil.rmtree(folder / "deleted")
    status, _, sentence = end(process)
    wrong = [] if status == 1 and "deleted or moved" in sentence else [f"status {status}"]
    return sentence, wrong + finish(folder, "deleted", logs=False)


def moved(folder: Path) -> tuple[str, list[str]]:
    """The folder gets another name during the run; both can go on."""
    process = start(folder, "moved")
    wait_for_checkpoint(folder / "moved", process)
    (folder / "moved").rename(folder / "elsewhere")
    status, _, sentence = end(process)
    wrong = [] if status == 1 and "deleted or moved" in sentence else [f"status {status}"]
    return sentence, wrong + finish(folder, "moved", logs=False) + finish(folder, "elsewhere")


def shared(folder: Path) -> tuple[str, list[str]]:
    """Two processes start on one folder at the same time."""
    processes = [start(folder, "shared") for _ in range(2)]
    ended = [end(process) for process in processes]
    sentence = "".join(sentence for _, _, sentence in ended)
    statuses = sorted(status for status, _, _ in ended)
    wrong = [] if statuses == [0, 1] and "is in use by" in sentence else [f"statuses {statuses}"]
    return sentence, wrong + finish(folder, "shared")


def damaged(folder: Path) -> tuple[str, list[str]]:
    """The newest checkpoint is cut and the one before it has a flipped bit."""
    process = start(folder, "damaged")
    for _ in range(8):
        before = newest(folder / "damaged")
        while newest(folder / "damaged") == before and process.poll() is None:
            time.sleep(0.005)
    process.kill()
    process.communicate()
    paths = sorted((folder / "damaged" / "checkpoints").glob("step-*.npz"))
    paths[-1].write_bytes(paths[-1].read_bytes()[:-1000])
    content = bytearray(paths[-2].read_bytes())
    content[len(content) // 2] ^= 4
    paths[-2].write_bytes(content)
    process = start(folder, "damaged")
    _, errors = process.communicate()
    told = [line for line in errors.splitlines() if "checkpoint before it is tried" in line]
    wrong = [] if len(told) == 2 else [f"{len(told)} warnings"]
    return f"{len(told)} checkpoints passed over with a warning", wrong + finish(folder, "damaged")


def stopped(folder: Path) -> tuple[str, list[str]]:
    """SIGTERM, then Ctrl-C."""
    sentences, wrong = [], []
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start(folder, "stopped")
        before = newest(folder / "stopped")
        while newest(folder / "stopped") == before and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(number)
        status, printed, _ = end(process)
        sentences += [line for line in printed.splitlines() if line.startswith("Stopped")]
        wrong += [f"status {status}"] if status else []
    wrong += [] if len(sentences) == 2 else [f"{len(sentences)} sentences"]
    return " ".join(sentences), wrong + finish(folder, "stopped")


CASES = {
    case.__name__: case for case in (full, read_only, deleted, moved, shared, damaged, stopped)
}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(CASES))
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_folders(folder)
        end(start(folder, "undisturbed"))
        for case in arguments.only.split(","):
            sentence, wrong = CASES[case](folder)
            failed |= bool(wrong)
            sentence = sentence.replace(name, "")
            print(f"{case}: {sentence}\n  {wrong or 'equal to the undisturbed run'}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
