"""The stress runs of tests/stress in small; docs/reliability.md has what they gave in full."""

import numpy as np
import pytest

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.system.errors import InputError
from tests.stress.bfloat16_steps import train_on_noise
from tests.stress.fuzz_readers import fuzz, readers
from tests.stress.kill_and_resume import kill_and_resume
from tests.stress.soak_inference import MAX_PIXELS, make_photos


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.takes_a_minute
def test_a_run_that_is_killed_again_and_again_ends_as_if_left_alone(tmp_path):
    """Weights, optimizer, best network and logs agree to the last bit."""
    moments = ("checkpoint", "step", "validation")
    killed, differences = kill_and_resume(tmp_path, kills=3, steps=36, seed=1, moments=moments)
    assert killed.total() == 3
    assert differences == []


@pytest.mark.parametrize("name", ["image", "trimap", "npz", "manifest", "flagfile"])
def test_a_reader_survives_damaged_files(name, tmp_path):
    result = fuzz(name, inputs=100, seconds=10, folder=tmp_path)
    assert result["inputs"] >= 100
    assert result["read"] > 5 and result["refused"] > 20


@pytest.mark.parametrize("name", ["image", "trimap", "npz", "manifest", "flagfile"])
def test_what_is_damaged_was_good(name, tmp_path):
    """Otherwise the test above would show nothing."""
    reader = readers(tmp_path)[name]
    path = tmp_path / reader.file_name
    for content in reader.seeds:
        path.write_bytes(content)
        if str(path).encode() in content:  # a flagfile that includes itself
            with pytest.raises(InputError, match="includes itself"):
                reader.read(path)
        else:
            reader.read(path)


@pytest.mark.slow
def test_a_photo_after_many_others_gets_the_matte_of_a_fresh_model(tmp_path, tiny_checkpoint):
    make_photos(tmp_path, count=24, sizes=0)

    def run(photos, output):
        values = {
            "rgb": str(photos),
            "alpha": str(tmp_path / "masks"),
            "checkpoint": str(tiny_checkpoint),
            "output": str(output),
            "trimap_kernel": 15,
            "max_pixels": MAX_PIXELS,
        }
        run_inference(config_from_values(InferenceConfig, values))

    run(tmp_path / "photos", tmp_path / "mattes")
    for number in (3, 22, 23):
        (photo,) = (tmp_path / "photos").glob(f"{number:04d}.*")
        (tmp_path / "one").mkdir(exist_ok=True)
        photo.rename(tmp_path / "one" / photo.name)
    run(tmp_path / "one", tmp_path / "fresh")
    fresh = sorted((tmp_path / "fresh").iterdir())
    assert len(fresh) == 3
    for matte in fresh:
        assert matte.read_bytes() == (tmp_path / "mattes" / matte.name).read_bytes()


def test_bfloat16_does_not_overflow_on_noise():
    extremes = train_on_noise(steps=40)
    assert np.isfinite(list(extremes.values())).all()
