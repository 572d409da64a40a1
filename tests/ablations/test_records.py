import json

import numpy as np
import pytest

from dim_tf.ablations.records import (
    json_text,
    read_record,
    read_records,
    record_path,
    write_record,
)
from dim_tf.ablations.report import write_report
from dim_tf.ablations.run import time_left
from dim_tf.config import AblationConfig
from dim_tf.system.errors import InputError


def test_a_record_comes_back_in_six_digits(tmp_path, make_record):
    record = make_record("base", 3, 0.1234567891)
    path = write_record(tmp_path, record)
    assert path == record_path(tmp_path, "base", 3)
    again = read_record(path)
    assert again.value("held_out") == pytest.approx(0.123457, abs=1e-12)
    assert again == read_record(write_record(tmp_path, again))
    assert read_records(tmp_path)["base"][3] == again


def test_a_record_of_a_real_run_is_small(tmp_path, picture_errors, make_record):
    errors = picture_errors(np.random.default_rng(1).random(100).tolist())
    record = make_record("base", 1, 0.2, errors={str(number): errors for number in range(4)})
    assert write_record(tmp_path, record).stat().st_size < 60_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-40],
        lambda content: b"[1, 2]",
        lambda content: b'{"arm": "base"}',
        lambda content: content.replace(b'"arm": "base"', b'"arm": "bass"'),
        lambda content: content.replace(b'"seed": 1', b'"seed": 2'),
        lambda content: content.replace(b'"training_error": 0.2', b'"training_error": NaN'),
        lambda content: content.replace(b'"Grad": [0.1, ', b'"Grad": ['),
        lambda content: content.replace(b'"Grad"', b'"Gradient"'),
        lambda content: content.replace(b'"step": [5, 10]', b'"step": [5]'),
    ],
)
def test_a_record_that_is_none_is_refused_in_a_sentence(tmp_path, damage, make_record):
    path = write_record(tmp_path, make_record("base", 1, 0.1))
    content = path.read_bytes()
    assert damage(content) != content
    path.write_bytes(damage(content))
    with pytest.raises(InputError, match=r"base_seed1\.json is damaged or no record"):
        write_report(AblationConfig(records_dir=str(tmp_path)))
    assert not tmp_path.with_name(f"{tmp_path.name}.md").exists()


def test_records_of_different_data_or_settings_are_not_compared(tmp_path, make_record):
    write_record(tmp_path, make_record("base", 1, 0.1))
    other = write_record(tmp_path, make_record("skip", 1, 0.1, conditions={"dataset": "two"}))
    with pytest.raises(InputError, match="a record beside it differ in the dataset"):
        read_records(tmp_path)
    other.unlink()
    write_record(tmp_path, make_record("base", 2, 0.1, settings={"width": 0.5}))
    with pytest.raises(InputError, match="differ in the settings of base"):
        read_records(tmp_path)


def test_arms_that_took_other_steps_are_not_compared(tmp_path, make_record):
    def record(arm, steps, batch_size=1):
        settings = {"steps": steps, "batch_size": batch_size}
        return write_record(tmp_path, make_record(arm, 1, 0.1, settings=settings))

    record("batch_5_equal_examples", 8, 5)
    record("batch_5", 43, 5)
    record("base", 43)
    record("long_base", 200)  # another scale
    record("long_refine", 20)  # goes on from a finished run
    read_records(tmp_path)
    for arm, steps, batch_size in (("skip", 8, 1), ("batch_5_equal_examples", 43, 5)):
        path = record(arm, steps, batch_size)
        with pytest.raises(InputError, match=rf"{arm}_seed1\.json and a .* differ in the steps"):
            read_records(tmp_path)
        path.unlink()


def test_the_time_left_is_that_of_the_runs_made(tmp_path, make_record):
    config = AblationConfig(records_dir=str(tmp_path))
    assert "after the first" in time_left(["base"], config)
    write_record(tmp_path, make_record("base", 1, 0.1, seconds=3600.0))
    write_record(tmp_path, make_record("skip", 1, 0.1, seconds=7200.0))
    assert time_left(["base", "base", "skip"], config) == "about 4.0 hours left"
    assert time_left(["refine"], config) == "about 90 min left"


def test_json_is_one_line_for_each_name():
    text = json_text({"a": {"b": [1.23456789, 2], "c": {}}, "d": None, "e": {}})
    assert json.loads(text) == {"a": {"b": [1.23457, 2], "c": {}}, "d": None, "e": {}}
    assert len(text.splitlines()) == 8
