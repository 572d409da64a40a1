import numpy as np
import pytest
import tensorflow as tf

from dim_tf.system.files import WriteError
from dim_tf.training.tensorboard import TENSORBOARD_FOLDER, TensorBoard


def test_tensorboard_gets_scalars_and_the_pictures_of_a_batch(tmp_path):
    random = np.random.default_rng(0)

    def picture(channels):
        return tf.constant(random.uniform(0, 255, (1, 8, 12, channels)), tf.float32)

    example = {name: picture(3) for name in ("foreground", "background")}
    trimap = random.choice([0.0, 128.0, 255.0], (1, 8, 12, 1))
    example |= {"image_and_trimap": picture(4), "alpha": picture(1) / 255, "trimap": trimap}
    board = TensorBoard(tmp_path, 0)
    board.scalars(3, {"total_loss": 0.25}, "training")
    board.images(4, example, picture(1) / 255)
    board.close()
    (events,) = (tmp_path / "tensorboard").iterdir()
    values = {
        value.tag: (event.step, tf.make_ndarray(value.tensor))
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    assert values.pop("training/total_loss") == (3, np.float32(0.25))
    assert [name[2:] for name in sorted(values)] == [
        *("photo", "trimap", "prediction", "merged", "ground_truth", "composite")
    ]
    step, (width, height, png) = values["2_trimap"]
    assert (step, width, height) == (4, b"12", b"8")
    np.testing.assert_array_equal(tf.io.decode_png(png), trimap[0])


# Resuming


def write(run_dir, first, last, kill=False):
    """The scalars of some steps, by a process that is killed before it closes its file."""
    board = TensorBoard(run_dir, first - 1)
    for step in range(first, last + 1):
        board.scalars(step, {"loss": step / 10, "error": step / 7}, "training")
        if step % 4 == 0:
            board.scalars(step, {"SAD": step * 2.0}, "validation")
    board.flush() if kill else board.close()


def records(run_dir):
    """(step, name, value) of all event files."""
    return sorted(
        (event.step, value.tag, float(tf.make_ndarray(value.tensor)))
        for path in (run_dir / TENSORBOARD_FOLDER).iterdir()
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    )


def test_no_step_is_lost_and_none_stands_there_twice(tmp_path):
    write(tmp_path / "whole", 1, 20)
    for first, last in ((1, 9), (5, 12), (13, 13), (9, 20)):
        write(tmp_path / "parts", first, last, kill=True)
    assert records(tmp_path / "parts") == records(tmp_path / "whole")


def test_half_a_record_and_what_follows_it_is_cut_off(tmp_path):
    write(tmp_path, 1, 6)
    (path,) = (tmp_path / TENSORBOARD_FOLDER).iterdir()
    expected = [record for record in records(tmp_path) if record[:2] != (6, "training/error")]
    path.write_bytes(path.read_bytes()[:-5])
    TensorBoard(tmp_path, 6).close()
    assert records(tmp_path) == expected


def test_a_file_without_records_left_is_removed_and_foreign_ones_stay(tmp_path):
    write(tmp_path, 1, 3)
    (tmp_path / TENSORBOARD_FOLDER / "notes.txt").write_text("mine")
    before = {path.name for path in (tmp_path / TENSORBOARD_FOLDER).iterdir()}
    board = TensorBoard(tmp_path, 0)
    after = {path.name for path in (tmp_path / TENSORBOARD_FOLDER).iterdir()}
    board.close()
    assert before - after == before - {"notes.txt"}


def test_what_cannot_be_written_is_told_without_the_operation(tmp_path, monkeypatch):
    def flush():
        said = "{{function_node __wrapped__FlushSummaryWriter_device_/CPU:0}} no room [Op:Flush]"
        raise tf.errors.ResourceExhaustedError(None, None, f"{said} name: \nand more")

    board = TensorBoard(tmp_path, 0)
    monkeypatch.setattr(board._writer, "flush", flush)
    with pytest.raises(WriteError, match=rf"^{board._folder} cannot be written: no room\.$"):
        board.flush()
    board.close()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / TENSORBOARD_FOLDER).write_text("a file")
    with pytest.raises(WriteError, match="tensorboard cannot be written"):
        TensorBoard(tmp_path, 0)
