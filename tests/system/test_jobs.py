import time

import pytest

from dim_tf.system.errors import InputError
from dim_tf.system.jobs import ProgressBar, run_jobs


def double(number):
    return 2 * number


def sleep_or_refuse(number):
    if number == 0:
        raise InputError("zero is refused")
    time.sleep(0.05)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(workers):
    received = []
    run_jobs(double, range(7), received.append, workers, "doubles", progress=False)
    assert sorted(received) == [0, 2, 4, 6, 8, 10, 12]


def test_no_jobs_are_no_work():
    run_jobs(double, [], pytest.fail, 0, "doubles", progress=True)


def test_an_error_stops_the_run_without_doing_the_other_jobs():
    received = []
    with pytest.raises(InputError, match="zero is refused"):
        run_jobs(sleep_or_refuse, range(1000), received.append, 2, "jobs", progress=False)
    assert len(received) < 500


def test_without_a_terminal_the_bar_is_at_most_ten_lines(capsys):
    bar = ProgressBar("mattes", 300)
    for _ in range(300):
        bar.advance()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("mattes: 30/300 (0:00 gone")
    assert lines[-1] == "mattes: 300/300 (0:00 gone, 0:00 left)"


def test_in_a_terminal_the_bar_stays_on_one_line(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    bar = ProgressBar("mattes", 2)
    bar.advance()
    bar.advance()
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert printed.startswith("\rmattes: ===")


@pytest.mark.parametrize("columns", [120, 60, 30])
def test_the_bar_stays_inside_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    bar = ProgressBar("decoded copies", 1000)
    bar.advance()
    printed = capsys.readouterr().err.removeprefix("\r").removesuffix("\x1b[K")
    assert len(printed) < max(columns, 50)  # its words alone are 48 here
    assert ("." * 5 in printed) == (columns > 55)
    assert ("." * 29 in printed) == (columns == 120)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_that_cannot_be_shown_ends_nothing(gone_stderr, is_terminal):
    gone_stderr(is_terminal)
    bar = ProgressBar("mattes", 3)
    for _ in range(3):
        bar.advance()
    assert not bar.show


def test_a_hidden_bar_is_silent(capsys):
    ProgressBar("mattes", 1, show=False).advance()
    assert capsys.readouterr().err == ""
