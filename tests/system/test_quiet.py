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
