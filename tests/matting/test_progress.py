"""Whoever waits for a matte is told how far it is, and can end it."""

import numpy as np
import pytest

from dim_tf.config import MattingConfig
from dim_tf.matting import post_process
from dim_tf.matting.foreground import estimate_foreground
from dim_tf.matting.of_photo import cut_out, matte_of_photo
from dim_tf.matting.predict import MattingModel
from dim_tf.pictures.levels import levels_of_matte
from dim_tf.pictures.photo import Photo
from dim_tf.trimaps.on_photo import PhotoAndTrimap
from tests.library.conftest import PHOTO, TRIMAP

INPUTS = PhotoAndTrimap(Photo(PHOTO, PHOTO, None), TRIMAP, None)
# A part of a photo for the network, so that there are several.
LARGE = np.tile(PHOTO, (9, 8, 1))
LARGE_TRIMAP = np.tile(TRIMAP, (9, 8))


class Ended(Exception):
    pass


@pytest.fixture
def model(tiny_model):
    return MattingModel(tiny_model.network, tiny_model.config, {}, post_process="affinity")


def steps_of(told, step):
    return [(done, of) for name, done, of in told if name == step]


def test_all_steps_are_told_and_nothing_changes(model, monkeypatch):
    monkeypatch.setattr(post_process, "OPEN_PIXELS_AT_ONCE", 1_000)
    monkeypatch.setattr(post_process, "TILE_SIDE", 64)
    told = []
    alpha, _ = matte_of_photo(model, INPUTS, MattingConfig(), told=lambda *step: told.append(step))
    assert list(dict.fromkeys(name for name, _, _ in told)) == ["network", "colours"]
    for step in ("network", "colours"):
        done = [done for done, _ in steps_of(told, step)]
        assert done == sorted(done) and done[-1] == steps_of(told, step)[-1][1]
    assert steps_of(told, "colours")[0][1] > 100  # several tiles
    solving = [done for done, _ in steps_of(told, "colours") if done % 100 >= 50]
    assert len(solving) > 3 * steps_of(told, "colours")[0][1] / 100  # each step of the solver
    expected, _ = matte_of_photo(model, INPUTS, MattingConfig())
    np.testing.assert_array_equal(alpha, expected)
    told.clear()
    levels = levels_of_matte(alpha, "8")
    rgba = cut_out(INPUTS.photo, alpha, levels, lambda *step: told.append(step))
    assert {name for name, _, _ in told} == {"cutout"}
    assert told[-1][1] == told[-1][2] == max(done for _, done, _ in told)
    np.testing.assert_array_equal(rgba, cut_out(INPUTS.photo, alpha, levels))


def test_each_tile_of_the_network_is_told(tiny_model):
    told = []
    tiny_model.predict_alpha(
        *(LARGE, LARGE_TRIMAP),
        max_pixels=400_000,
        told=lambda *step: told.append(step),
    )
    (_, of), *_ = steps_of(told, "network")
    assert of > 1
    assert steps_of(told, "network")[:-1] == [(number, of) for number in range(of)]


@pytest.mark.parametrize("end_at", ["network", "colours", "cutout"])
@pytest.mark.parametrize("times", [1, 3])
def test_it_ends_where_whoever_waits_does_not_any_more(model, end_at, times):
    heard = []

    def told(step, done, of):
        heard.append(step)
        if heard.count(end_at) >= times or (heard.count("network") == 2 and end_at == "network"):
            raise Ended

    with pytest.raises(Ended):
        alpha, _ = matte_of_photo(model, INPUTS, MattingConfig(), told=told)
        estimate_foreground(PHOTO, alpha, told)
    assert heard[-1] == end_at


def test_a_model_of_the_callers_need_not_know_of_it(tiny_model):
    class Own:
        statistics = "moving"

        def predict_alpha(self, rgb, trimap, size, max_pixels):
            return trimap / np.float32(255)

    alpha, _ = matte_of_photo(Own(), INPUTS, MattingConfig())
    assert alpha.shape == TRIMAP.shape
