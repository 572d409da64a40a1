import csv
import logging
import math
import re
import sys

import numpy as np
import pytest

from dim_tf.training.progress import (
    LOSS_LOG_COLUMNS,
    LOSS_LOG_NAME,
    CollapseAlarm,
    LossLog,
    StatusLine,
    mean_of,
    read_loss_log,
)


def row(step, value=0.1):
    return dict.fromkeys(LOSS_LOG_COLUMNS, value) | {"step": step}


def write_steps(run_dir, start, end):
    log = LossLog(run_dir, start)
    for step in range(start + 1, end + 1):
        log.append(row(step, 1 / step))
    log.close()


def steps_of(run_dir):
    return [int(kept["step"]) for kept in read_loss_log(run_dir)]


def test_log_keeps_float32_values_to_the_last_bit(tmp_path):
    values = [float(np.float32(value)) for value in (1 / 3, 1e-30, 123456.789, 0.1)]
    log = LossLog(tmp_path, 0)
    for step, value in enumerate(values, start=1):
        log.append(row(step, value))
    log.close()
    assert [float(kept["total_loss"]) for kept in read_loss_log(tmp_path)] == values
    with (tmp_path / LOSS_LOG_NAME).open() as file:
        assert next(csv.reader(file)) == list(LOSS_LOG_COLUMNS)


def test_flush_brings_the_rows_to_disk(tmp_path):
    log = LossLog(tmp_path, 0)
    log.append(row(1))
    log.flush()
    assert steps_of(tmp_path) == [1]
    log.close()


def test_resuming_cuts_off_the_rows_behind_the_checkpoint(tmp_path):
    write_steps(tmp_path, 0, 9)
    expected = (tmp_path / LOSS_LOG_NAME).read_bytes()
    LossLog(tmp_path, 6).close()
    assert steps_of(tmp_path) == [1, 2, 3, 4, 5, 6]
    write_steps(tmp_path, 6, 9)
    assert (tmp_path / LOSS_LOG_NAME).read_bytes() == expected


def test_starting_anew_empties_the_log(tmp_path):
    write_steps(tmp_path, 0, 4)
    LossLog(tmp_path, 0).close()
    assert steps_of(tmp_path) == []


@pytest.mark.parametrize("cut", range(1, 26, 4))
def test_half_a_line_of_a_killed_process_is_dropped(tmp_path, cut):
    write_steps(tmp_path, 0, 5)
    path = tmp_path / LOSS_LOG_NAME
    path.write_bytes(path.read_bytes()[:-cut])
    assert steps_of(tmp_path) == [1, 2, 3, 4]
    write_steps(tmp_path, 4, 6)
    assert steps_of(tmp_path) == [1, 2, 3, 4, 5, 6]


def test_no_log_has_no_rows(tmp_path):
    assert read_loss_log(tmp_path) == []


@pytest.mark.parametrize(("value", "colour"), [(0.001, "black"), (0.999, "white")])
def test_alarm_names_the_colour_and_the_usual_causes(value, colour):
    alarm = CollapseAlarm(steps=10)
    assert [alarm.update(value) for _ in range(9)] == [None] * 9
    warning = alarm.update(value)
    assert f"all {colour} for 10 steps" in warning
    assert "batch_norm" in warning and "vgg_weights" in warning


def test_alarm_sounds_again_only_after_as_many_steps():
    alarm = CollapseAlarm(steps=10)
    sounded = [bool(alarm.update(0.0)) for _ in range(30)]
    assert [step for step, loud in enumerate(sounded, start=1) if loud] == [10, 20, 30]


@pytest.mark.parametrize("values", [[0.0] * 9 + [0.5], [0.5, 1.0] * 5, [0.0, 1.0] * 5])
def test_alarm_stays_silent_while_the_prediction_varies(values):
    alarm = CollapseAlarm(steps=10)
    assert all(alarm.update(value) is None for value in values * 3)


def test_mean_of_rows_leaves_the_step_out():
    means = mean_of([row(1, 0.25), row(2, 0.75)])
    assert means == dict.fromkeys(LOSS_LOG_COLUMNS[1:], 0.5)


def test_status_line_tells_step_loss_and_time_left(capsys):
    status = StatusLine(show=True, every=50)
    due = [step for step in range(1, 126) if status.is_due(step, 125)]
    assert due == [50, 100, 125]
    status.update(50, 650, row(50, 0.125), 0.5)
    status.update(50, 50 + 3 * 7200, row(50, 0.125), 0.5)
    status.close()
    first, second = capsys.readouterr().err.strip().splitlines()
    assert "step 50/650" in first and "loss 0.1250" in first and "0.50 s/step" in first
    assert "5 min left" in first
    assert "3.0 h left" in second


@pytest.mark.parametrize("columns", [200, 90, 69, 26])
def test_in_a_terminal_the_status_is_a_bar_that_is_drawn_anew_each_second(
    capsys, monkeypatch, columns
):
    now = 100.0
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setenv("COLUMNS", str(columns))
    status = StatusLine(show=True, every=50)
    drawn = []
    for step in range(1, 13):
        if status.is_due(step, 12):
            status.update(step, 12, row(step, 0.125), 0.4)
            drawn.append(step)
        now += 0.4
    status.close()
    assert drawn == [1, 4, 7, 10, 12]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    lines = said.rstrip().removeprefix("\r").split("\x1b[K\r")
    assert all(len(line.removesuffix("\x1b[K")) < columns for line in lines)
    bars = [re.match("=*[.]*", line)[0] for line in lines]
    if columns == 26:  # too narrow
        assert bars == [""] * 5
        assert all(re.fullmatch(r"step \d+/12  0 min left(\x1b\[K)?", line) for line in lines)
        return
    shares = [bar.count("=") / len(bar) for bar in bars]
    np.testing.assert_allclose(shares, np.array(drawn) / 12, atol=0.11)
    assert shares[-1] == 1 and all(len(bar) == 30 for bar in bars if columns == 200)


def test_what_is_logged_stands_on_a_line_of_its_own_above_the_bar(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    try:
        status = StatusLine(show=True, every=50)
        status.update(1, 9, row(1, 0.125), 0.5)
        logging.getLogger().warning("told")
        assert status.is_due(2, 9)  # at once
        status.update(2, 9, row(2, 0.125), 0.5)
        status.close()
        logging.getLogger().warning("afterwards")
    finally:
        logging.getLogger().removeHandler(handler)
    shown = [re.sub(r".*\x1b\[K|.*\r", "", line) for line in capsys.readouterr().err.split("\n")]
    assert shown[0] == "told" and shown[2:] == ["afterwards", ""]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_status_that_cannot_be_shown_ends_nothing(gone_stderr, is_terminal):
    gone_stderr(is_terminal)
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        status = StatusLine(show=True, every=1)
        status._is_drawn = True  # as when the terminal is closed behind a step
        logging.getLogger().warning("the bar makes room for it")
        assert not is_terminal or not status.is_due(1, 2)
        status.update(1, 2, row(1, 0.125), 0.5)
        assert not status.is_due(2, 2)
        status.close()
    finally:
        logging.getLogger().removeHandler(handler)


def test_status_line_can_be_silent(capsys):
    status = StatusLine(show=False, every=1)
    assert not any(status.is_due(step, 2) for step in (1, 2))
    status.close()
    assert capsys.readouterr().err == ""


def test_rows_that_are_none_are_passed_over(tmp_path):
    write_steps(tmp_path, 0, 3)
    path = tmp_path / LOSS_LOG_NAME
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], bytes(30) + b"\n", b"one,two\n", b"\xff\n", *lines[2:]]))
    assert steps_of(tmp_path) == [1, 2, 3]


DAMAGE = {
    "a step that is no number": lambda lines: [*lines[:2], b"nan" + lines[2][1:], *lines[3:]],
    "a step without end": lambda lines: [*lines[:2], b"inf" + lines[2][1:], *lines[3:]],
    "a block of zeros": lambda lines: [*lines[:2], bytes(200_000), lines[2][-9:], *lines[3:]],
    "a long line": lambda lines: [*lines[:2], 200_000 * b"x" + b"\n", *lines[3:]],
    "a quotation mark": lambda lines: [*lines[:2], b'"' + lines[2], *lines[3:]],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_row_is_left_out_told_and_kept_aside(tmp_path, damage, caplog):
    write_steps(tmp_path, 0, 5)
    path = tmp_path / LOSS_LOG_NAME
    path.write_bytes(b"".join(DAMAGE[damage](path.read_bytes().splitlines(keepends=True))))
    damaged = path.read_bytes()
    LossLog(tmp_path, 4).close()
    assert steps_of(tmp_path) == [1, 3, 4]
    assert (tmp_path / f"earlier_{LOSS_LOG_NAME}").read_bytes() == damaged
    said = f"{path} is damaged, and 1 of its 4 steps cannot be read. As it was it is called earlier"
    assert said in caplog.text
    caplog.clear()
    LossLog(tmp_path, 4).close()
    assert caplog.text == ""


def test_a_row_of_which_zeros_took_the_begin_is_not_another_steps(tmp_path):
    write_steps(tmp_path, 0, 35)
    path = tmp_path / LOSS_LOG_NAME
    content = path.read_bytes()
    place = content.index(b"\n34,") + 1
    path.write_bytes(content[: place - 9] + bytes(10) + content[place + 1 :])
    assert steps_of(tmp_path) == [*range(1, 33), 35]


@pytest.mark.parametrize("header", [b"", bytes(30), bytes(30) + b"\n"])
def test_a_log_without_a_header_is_kept_aside(tmp_path, header, caplog):
    write_steps(tmp_path, 0, 3)
    path = tmp_path / LOSS_LOG_NAME
    rows = path.read_bytes().partition(b"\n")[2]
    for damaged in (header + rows, header):
        path.write_bytes(damaged)
        LossLog(tmp_path, 3).close()
        assert (tmp_path / f"earlier_{LOSS_LOG_NAME}").read_bytes() == damaged
    assert caplog.text.count("3 of its 3 steps cannot be read") == 2


def test_damage_behind_the_checkpoint_is_cut_off_with_what_stands_there(tmp_path, caplog):
    write_steps(tmp_path, 0, 3)
    with (tmp_path / LOSS_LOG_NAME).open("ab") as file:
        file.write(bytes(99))
    LossLog(tmp_path, 3).close()
    assert steps_of(tmp_path) == [1, 2, 3]
    assert caplog.text == "" and len(list(tmp_path.iterdir())) == 1


def test_a_log_hands_out_the_rows_it_keeps(tmp_path):
    write_steps(tmp_path, 0, 5)
    log = LossLog(tmp_path, 3)
    assert [kept["step"] for kept in log.kept] == [1, 2, 3]
    assert [kept["total_loss"] for kept in log.kept] == [1, 1 / 2, 1 / 3]
    log.close()


def test_a_log_older_than_a_column_goes_on_with_it(tmp_path):
    write_steps(tmp_path, 0, 3)
    log = LossLog(tmp_path, 2, ["laplacian_loss"])
    log.append(row(3, 0.5) | {"laplacian_loss": 0.25})
    log.close()
    rows = read_loss_log(tmp_path)
    assert [kept["step"] for kept in rows] == [1, 2, 3]
    assert [kept.get("laplacian_loss") for kept in rows] == [None, None, 0.25]
    assert "laplacian_loss" not in mean_of(rows)
    assert mean_of(rows[2:])["laplacian_loss"] == 0.25
    again = LossLog(tmp_path, 3, ["laplacian_loss"])
    assert again.kept == rows
    again.close()
    assert read_loss_log(tmp_path) == rows


def test_mean_leaves_out_steps_that_are_not_finite():
    rows = [row(1, 0.25), row(2, math.nan), row(3, 0.75), row(4, 1.0) | {"total_loss": math.inf}]
    assert mean_of(rows) == dict.fromkeys(LOSS_LOG_COLUMNS[1:], 0.5)
    assert math.isnan(mean_of(rows[1:2])["total_loss"])
