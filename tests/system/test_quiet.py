import importlib
import os
import subprocess
import sys

import pytest

from dim_tf.system import quiet


@pytest.fixture
def chatty_import(monkeypatch):
    """An import that writes to the descriptor of stderr, as C++ does, and may fail."""

    def install(error=None):
        def import_module(name):
            os.write(2, b"starting up\n")
            if error:
                raise error

        monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
        monkeypatch.setattr(importlib, "import_module", import_module)

    return install


def test_what_the_import_says_is_held_back_and_later_lines_are_not(chatty_import, capfd):
    chatty_import()
    quiet.import_tensorflow()
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


def test_what_a_failing_import_says_is_shown(chatty_import, capfd):
    chatty_import(ImportError("no such library"))
    with pytest.raises(ImportError, match="no such library"):
        quiet.import_tensorflow()
    assert capfd.readouterr().err == "starting up\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the stream")
def test_a_closed_stderr_is_no_obstacle():
    script = (
        "from dim_tf.system.quiet import stderr_held_back\n"
        "with stderr_held_back() as text: print(repr(text()))"
    )
    ended = subprocess.run(
        f"{sys.executable} -c '{script}' 2>&-",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "''\n")


def _ended(script):
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("own", [False, True])
def test_what_another_thread_says_while_a_library_is_held_back_is_not_lost(own):
    ended = _ended(
        "import os, sys, threading\n"
        "from dim_tf.system.quiet import keep_own_stderr, stderr_held_back\n"
        f"if {own}: keep_own_stderr()\n"
        "begin = threading.Event()\n"
        "def say():\n"
        "    begin.wait()\n"
        "    print('told', file=sys.stderr, flush=True)\n"
        "thread = threading.Thread(target=say)\n"
        "thread.start()\n"
        "with stderr_held_back() as said:\n"
        "    os.write(2, b'Corrupt JPEG data: bad Huffman code\\n')\n"
        "    assert 'Huffman' in said()\n"
        "    begin.set()\n"
        "    thread.join()\n"
        "    os.write(2, b'[ WARN:0@0.1] global grfmt_tiff.cpp:1 TIFF\\n')\n"
    )
    assert (ended.returncode, ended.stderr) == (0, "told\n")


def test_of_threads_that_speak_while_tensorflow_is_imported_each_line_comes_and_no_other():
    ended = _ended(
        "import os, sys, threading, time\n"
        "os.environ.pop('TF_CPP_MIN_LOG_LEVEL', None)\n"
        "from dim_tf.system.quiet import import_tensorflow\n"
        "done = threading.Event()\n"
        "def speak():\n"
        "    for number in range(10**6):\n"
        "        print(number, file=sys.stderr, flush=True)\n"
        "        if done.wait(0.02): return print(number)\n"
        "thread = threading.Thread(target=speak)\n"
        "thread.start()\n"
        "import_tensorflow()\n"
        "done.set()\n"
    )
    last = int(ended.stdout)
    assert last > 9
    assert ended.stderr.split() == [str(number) for number in range(last + 1)]


def test_a_command_loses_nothing_it_says_while_a_library_is_held_back():
    ended = _ended(
        "import sys\n"
        "from dim_tf.commands.script import Command, run_script\n"
        "from dim_tf.config import ExportConfig\n"
        "from dim_tf.system.errors import InputError\n"
        "from dim_tf.system.quiet import stderr_held_back\n"
        "def run(config):\n"
        "    with stderr_held_back(): print('told', file=sys.stderr)\n"
        "    raise InputError('ended')\n"
        "run_script(Command(ExportConfig, run))"
    )
    assert (ended.returncode, ended.stderr) == (1, "told\n-c: ended\n")


# Keras comes with a backend in NumPy.
OF_ANOTHER_BACKEND = os.environ | {"KERAS_BACKEND": "numpy"}


def test_a_backend_of_keras_in_the_users_settings_is_passed_over(tiny_checkpoint):
    script = f"import dim_tf; dim_tf.load_model({str(tiny_checkpoint)!r})"
    subprocess.run([sys.executable, "-c", script], env=OF_ANOTHER_BACKEND, check=True)
