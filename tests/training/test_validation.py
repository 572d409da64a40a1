import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from dim_tf.config import with_values
from dim_tf.config.flags import flagfile_text
from dim_tf.dataset.decoded import write_decoded_copies
from dim_tf.dataset.manifest import read_manifest
from dim_tf.matting.predict import load_model
from dim_tf.model.run_folder import best_path, checkpoint_path, list_checkpoints
from dim_tf.model.weights import read_arrays, write_arrays
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from dim_tf.system.memory import NotEnoughMemoryError
from dim_tf.training.validation import list_validation_images, validate
from tests.training.run_files import arrays_of, losses_of, train_as


def literal_errors(model, images):
    """The means of SAD, in thousands, and MSE on the unknown pixels."""
    errors = []
    for image in images:
        trimap, alpha = read_grey(image.trimap), read_grey(image.alpha)
        matte = np.round(model.predict_alpha(read_rgb(image.rgb), trimap) * 255)
        difference = (matte - alpha)[trimap == 128] / 255
        errors.append([np.abs(difference).sum() / 1000, np.square(difference).mean()])
    return dict(zip(("SAD", "MSE"), np.mean(errors, axis=0), strict=True))


def test_a_validation_measures_unknown_pixels_only(validation_dir):
    """What is known is the trimap's, and as right in every network."""

    class Model:
        def predict_alpha(self, rgb, trimap):
            return rgb[..., 0] / np.float32(255)

    images = list_validation_images(validation_dir)
    assert len(images) == 2
    errors = validate(Model(), images)
    for name, error in literal_errors(Model(), images).items():
        assert errors[name] == pytest.approx(error)


@pytest.mark.slow
def test_validation_keeps_the_best_network(make_config, validation_dir):
    config = make_config(
        validation_dir=str(validation_dir),
        validate_every=2,
        steps=8,
        keep_checkpoints=9,
        checkpoint_every=2,
        learning_rate=5e-3,
    )
    result = train_as(config)
    images = list_validation_images(validation_dir)
    errors = {
        step: literal_errors(
            load_model(checkpoint_path(Path(config.run.run_dir), step), post_process="none"), images
        )
        for step in (2, 4, 6, 8)
    }
    best = min(errors, key=lambda step: errors[step]["SAD"])
    assert result.best["step"] == best
    assert result.best["SAD"] == pytest.approx(errors[best]["SAD"], rel=1e-3)
    arrays, network, about = read_arrays(best_path(Path(config.run.run_dir)))
    assert network == config.run.network
    assert about == result.best
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, arrays_of(config.run.run_dir, best)[name])


@pytest.mark.usefixtures("quick_steps", "quick_examples")
@pytest.mark.parametrize("steps, validated", [(3, [3]), (5, [4, 5])])
def test_the_end_of_a_run_is_validated(make_config, validation_dir, monkeypatch, steps, validated):
    seen = []

    def validate(model, images):
        seen.append(len(seen))
        return {"SAD": 1.0 - 0.1 * len(seen), "MSE": 0.0}

    monkeypatch.setattr("dim_tf.training.records.validate", validate)
    config = make_config(validation_dir=str(validation_dir), validate_every=4, steps=steps)
    assert train_as(config).best["step"] == steps
    assert len(seen) == len(validated)


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_network_without_numbers_is_not_the_best(make_config, validation_dir, monkeypatch):
    """Its matte would be measured as a black one."""
    monkeypatch.setattr(
        "dim_tf.matting.predict.MattingModel._predict_unknown",
        lambda self, rgb, trimap, *_: np.full((*trimap.shape, 1), np.nan, np.float32),
    )
    config = make_config(validation_dir=str(validation_dir), validate_every=1, steps=1)
    assert train_as(config).best is None
    assert not best_path(Path(config.run.run_dir)).exists()


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_validation_that_fails_costs_no_step(continued, validation_dir, monkeypatch):
    def fails(model, images):
        raise InputError("There is not enough memory for a.png; give a smaller picture.")

    monkeypatch.setattr("dim_tf.training.records.validate", fails)
    run_dir = Path(continued.run.run_dir)
    due = {"validate_every": 8, "checkpoint_every": 8, "validation_dir": str(validation_dir)}
    with pytest.raises(InputError) as refusal:
        train_as(with_values(continued, steps=9, **due))
    assert "So ended the validation of step 8; the last checkpoint, of step 8" in str(refusal.value)
    assert list_checkpoints(run_dir)[0] == checkpoint_path(run_dir, 8)


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_the_best_of_a_run_without_checkpoints_is_put_aside(make_config, caplog):
    """It would be taken for the best of the one that begins in its folder, whatever that learns."""
    config = make_config(steps=1)
    path = best_path(Path(config.run.run_dir))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"of another run")
    train_as(config)
    assert not path.exists() and "was of a run without checkpoints and is called" in caplog.text
    assert path.with_name("earlier_best.npz").read_bytes() == b"of another run"
    assert list_checkpoints(Path(config.run.run_dir)) == [checkpoint_path(path.parents[1], 1)]


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_best_that_cannot_be_put_aside_is_a_sentence(make_config):
    config = make_config(steps=1)
    path = best_path(Path(config.run.run_dir))
    path.with_name("earlier_best.npz").mkdir(parents=True)
    path.write_bytes(b"of another run")
    with pytest.raises(InputError, match=r"earlier_best\.npz cannot be written: Is a directory"):
        train_as(config)
    assert path.read_bytes() == b"of another run"


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_run_that_goes_on_otherwise_says_so(continued, caplog):
    train_as(with_values(continued, steps=8))
    assert "is another than it was" not in caplog.text  # at a constant learning rate
    train_as(with_values(continued, steps=9, learning_rate=2e-3, clip_norm=0.5))
    assert (
        "From step 9 on this run is another than it was so far: --learning_rate=0.002 (was "
    ) in caplog.text
    assert "--clip_norm=0.5 (was " in caplog.text


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_worse_validation_leaves_the_best_alone(continued, validation_dir):
    path = list_checkpoints(Path(continued.run.run_dir))[0]
    arrays, network, progress = read_arrays(path)
    progress["best"] = {"step": 3, "SAD": 0.0, "MSE": 0.0}  # older than the record of its set
    write_arrays(best_path(Path(continued.run.run_dir)), {}, network, progress["best"])
    before = best_path(Path(continued.run.run_dir)).read_bytes()
    write_arrays(path, arrays, network, progress)
    config = with_values(continued, steps=8, validation_dir=str(validation_dir), validate_every=4)
    assert train_as(config).best["step"] == 3
    assert best_path(Path(continued.run.run_dir)).read_bytes() == before


@pytest.mark.usefixtures("quick_steps", "quick_examples")
@pytest.mark.slow
def test_the_best_of_another_validation_set_is_begun_anew(continued, validation_dir, caplog):
    """An error of other pictures is no mark to beat, and the summary would tell it as theirs."""
    run_dir = Path(continued.run.run_dir)
    config = with_values(
        continued, steps=8, validation_dir=str(validation_dir), validate_every=4, checkpoint_every=4
    )
    assert train_as(config).best["step"] == 8
    arrays, network, best = read_arrays(best_path(run_dir))
    write_arrays(best_path(run_dir), arrays, network, best | {"SAD": 0.0})
    # The same pictures elsewhere are the same set.
    shutil.copytree(validation_dir, validation_dir.with_name("moved"))
    moved = with_values(config, steps=12, validation_dir=str(validation_dir.with_name("moved")))
    assert train_as(moved).best["step"] == 8
    assert "another validation set" not in caplog.text
    write_png(validation_dir / "rgb" / "p.png", np.zeros((40, 50, 3), np.uint8))
    result = train_as(with_values(config, steps=16))
    assert result.best["step"] == 16 and result.best["SAD"] > 0
    assert read_arrays(best_path(run_dir))[2] == result.best
    assert "is the best of another validation set than this" in caplog.text


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_best_network_newer_than_the_checkpoint_is_the_one_to_beat(continued, validation_dir):
    """As where a process is killed between a validation and the next checkpoint."""
    run_dir = Path(continued.run.run_dir)
    path = list_checkpoints(run_dir)[0]
    arrays, network, progress = read_arrays(path)
    write_arrays(path, arrays, network, progress | {"best": {"step": 3, "SAD": 1e9, "MSE": 0.1}})
    newer = {"step": 8, "SAD": 0.0, "MSE": 0.0}
    write_arrays(best_path(run_dir), {}, network, newer)
    config = with_values(continued, steps=9, validation_dir=str(validation_dir), validate_every=9)
    assert train_as(config).best == newer
    assert read_arrays(best_path(run_dir))[2] == newer


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_damaged_best_network_is_begun_anew(continued, validation_dir, caplog):
    path = list_checkpoints(Path(continued.run.run_dir))[0]
    arrays, network, progress = read_arrays(path)
    best_path(Path(continued.run.run_dir)).write_bytes(b"damaged")
    write_arrays(path, arrays, network, progress | {"best": {"step": 3, "SAD": 0.0, "MSE": 0.0}})
    config = with_values(continued, steps=8, validation_dir=str(validation_dir), validate_every=4)
    assert train_as(config).best["step"] == 8
    assert read_arrays(best_path(Path(config.run.run_dir)))[2]["step"] == 8
    assert "best.npz is missing or damaged" in caplog.text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [(255, "no unknown pixel"), (90, "is no trimap"), (None, "of the same size")],
)
def test_a_bad_validation_image_is_refused_before_the_first_step(
    make_config, validation_dir, value, sentence
):
    path = sorted((validation_dir / "trimap").iterdir())[0]
    trimap = read_grey(path)
    write_png(path, trimap[: len(trimap) // 2] if value is None else np.full_like(trimap, value))
    config = make_config(validation_dir=str(validation_dir))
    with pytest.raises(InputError, match=sentence):
        train_as(config)
    assert not Path(config.run.run_dir).exists()


def test_a_trimap_whose_band_is_lost_when_it_is_laid_on_its_photo_measures_nothing(
    make_config, validation_dir
):
    path = sorted((validation_dir / "trimap").iterdir())[0]
    height, width = read_grey(path).shape
    trimap = np.zeros((8 * height, 8 * width), np.uint8)
    trimap[:, : 4 * width] = 255
    trimap[:, 4 * width] = 128
    write_png(path, trimap)
    with pytest.raises(InputError, match="loses all its unknown pixels"):
        train_as(make_config(validation_dir=str(validation_dir)))


def test_a_photo_that_memory_does_not_hold_is_named(validation_dir, monkeypatch):
    class Model:
        def predict_alpha(self, rgb, trimap):
            raise MemoryError

    images = list_validation_images(validation_dir)
    with pytest.raises(NotEnoughMemoryError, match=re.escape(str(images[0].rgb))):
        validate(Model(), images)


@pytest.mark.usefixtures("quick_steps")
def test_folders_and_pictures_may_have_names_that_are_no_utf8(
    make_config, dataset, validation_dir, tmp_path
):
    odd = os.fsdecode(b"odd \xff")
    try:
        shutil.copytree(dataset, tmp_path / f"data {odd}")
        for kind in ("rgb", "trimap", "alpha"):
            (validation_dir / kind / "p.png").rename(validation_dir / kind / f"{odd}.png")
    except OSError:
        pytest.skip("this file system has no such names")
    write_decoded_copies(read_manifest(tmp_path / f"data {odd}"), 1.0, progress=False)
    config = make_config(
        data_dir=str(tmp_path / f"data {odd}"),
        validation_dir=str(validation_dir),
        run=f"run {odd}",
        validate_every=2,
        image_every=1,
        steps=2,
    )
    train_as(config, flagfile_text(config))
    result = train_as(with_values(config, steps=4), flagfile_text(config))
    assert result.finished and result.best
    plain = make_config(steps=4, run="plain")
    train_as(plain)
    assert losses_of(config.run.run_dir) == losses_of(plain.run.run_dir)
