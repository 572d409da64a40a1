import contextlib

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dim_tf.config import IMAGE_MEAN_RGB
from recipes.accelerated import sampling
from recipes.accelerated.draws import Draws
from recipes.accelerated.examples import draw_batch, over
from recipes.accelerated.jpeg import jpeg
from recipes.accelerated.learner import Learner
from recipes.accelerated.library import Library, groups_of
from recipes.accelerated.mattes import DrawnMatte, procedural_foreground
from recipes.accelerated.network import Network
from recipes.accelerated.pack_file import read_pack
from recipes.accelerated.sampling import averaged_down, sample_backgrounds, sample_foregrounds
from recipes.accelerated.settings import ExampleSettings, LossSettings, OptimizationSettings, Share

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def library(pack, photos_dir):
    library = Library(read_pack(pack[0]), ExampleSettings().shares_of_sources(), 4, CPU)
    for number in range(3):
        foreground = procedural_foreground(1, number, sorted(photos_dir.iterdir()))
        alpha, rgb = foreground.load()
        picture = np.dstack([rgb, alpha]).transpose(2, 0, 1)
        edges = np.stack(np.nonzero((alpha > 8) & (alpha < 247)), 1)[:256].astype(np.int16)
        library.add(DrawnMatte(picture, edges))
    return library


def test_a_batch_is_what_it_says(library):
    batch = draw_batch(library, 12, 96, Draws(1, CPU))
    assert {tuple(x.shape) for x in (batch.alpha, batch.trimap)} == {(12, 1, 96, 96)}
    assert {tuple(x.shape) for x in batch[1:5]} == {(12, 3, 96, 96)}
    composite = batch.alpha * batch.foreground + (1 - batch.alpha) * batch.background
    torch.testing.assert_close(batch.photo, composite, atol=1e-3, rtol=0)
    grey = batch.alpha * 255
    torch.testing.assert_close(grey, grey.round(), atol=1e-4, rtol=0)
    assert set(batch.trimap.unique().tolist()) <= {0.0, 128.0, 255.0}
    mean = torch.tensor(IMAGE_MEAN_RGB).view(1, 3, 1, 1)
    torch.testing.assert_close(batch.image_and_trimap[:, :3], batch.seen - mean)
    torch.testing.assert_close(batch.image_and_trimap[:, 3:], batch.trimap)
    for name, picture in batch._asdict().items():
        assert torch.isfinite(picture).all(), name
        assert picture.min() >= (-127 if name == "image_and_trimap" else 0), name
        assert picture.max() <= 255.001, name
    # Every example shows a piece of an edge.
    assert (batch.trimap == 128).any((1, 2, 3)).all()
    assert not torch.equal(batch.seen, batch.photo)


def test_a_batch_depends_on_its_draws_alone(library):
    first, again, other = (draw_batch(library, 6, 64, Draws(seed, CPU)) for seed in (1, 1, 2))
    for name, a, b in zip(first._fields, first, again, strict=True):
        assert torch.equal(a, b), name
    assert not torch.equal(first.photo, other.photo)


def test_a_batch_is_made_and_learned_from_on_the_device_alone(pack, monkeypatch):
    # A device without values: what is asked for on the host, or lies there, raises.
    device = torch.device("meta")
    library = Library(read_pack(pack[0]), ExampleSettings().shares_of_sources(), 4, device)
    library.drawn = 2
    draws = Draws(1, CPU)
    draws.device, draws.on_device = device, None
    batch = draw_batch(library, 16, 96, draws)
    assert {picture.device for picture in batch} == {device}
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: contextlib.nullcontext())
    learner = Learner(Network(1 / 16), device, OptimizationSettings(), LossSettings())
    assert {loss.device for loss in learner.learn(batch, 0.0)} == {device}


def test_draws_go_on_from_a_state():
    draws = Draws(1, CPU)
    draws.uniform(3), draws.number()
    state = draws.state()
    expected = draws.normal(5), draws.integer(0, 1_000_000), draws.choices([0.2, 0.8], 20)
    other = Draws(2, CPU)
    other.set_state(state)
    assert torch.equal(other.normal(5), expected[0])
    assert other.integer(0, 1_000_000) == expected[1]
    assert torch.equal(other.choices([0.2, 0.8], 20), expected[2])
    # A generator of another kind of device has another state.
    other.set_state(state | {"on_device": torch.zeros(16, dtype=torch.uint8)})
    assert not torch.equal(other.normal(5), expected[0])


def shares_of(groups):
    return [(round(group.as_it_is, 4), round(group.shrunk, 4)) for group in groups]


def test_the_mix_is_that_of_the_settings():
    sources = {
        "figaro_hair": [0],
        "feral_cats": [1, 2],
        "triggerrally_plants": [3],
        "game_plants": [4],
        "toys": [5],
        "clocks": [6],
    }
    groups = groups_of(ExampleSettings().shares_of_sources(), sources)
    assert [group.members for group in groups] == [(), (0,), (1, 2), (3, 4), (5, 6)]
    assert shares_of(groups) == [(0.5, 0.42), (0.27, 0.22), (0.0, 0.18), (0.1, 0.1), (0.13, 0.08)]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"mine": [0, 1]}, [(0.5, 0.42), (0.5, 0.58)]),
        ({"feral_cats": [0]}, [(0.5, 0.42), (0.5, 0.58)]),
        ({"figaro_hair": [0], "mine": [1]}, [(0.5, 0.42), (0.3375, 0.4253), (0.1625, 0.1547)]),
        ({}, [(1.0, 1.0)]),
    ],
)
def test_what_the_pack_lacks_leaves_its_share_to_the_others(sources, expected):
    assert shares_of(groups_of(ExampleSettings().shares_of_sources(), sources)) == expected


def test_sources_that_no_share_names_are_not_drawn_from():
    shares = (Share(("procedural",), 1, 1), Share(("mine",), 1, 3))
    groups = groups_of(shares, {"mine": [0], "others": [1]})
    assert shares_of(groups) == [(0.5, 0.25), (0.5, 0.75), (0.0, 0.0)]


def test_foregrounds_are_drawn_by_the_mix(library):
    indices = library.draw_foregrounds(4_000, True, Draws(1, CPU))
    procedural = indices >= 22
    assert abs(procedural.float().mean() - 0.42) < 0.03
    assert set(indices.tolist()) == set(range(25))  # never an empty place of the ring


def test_the_ring_replaces_the_oldest(pack):
    library = Library(read_pack(pack[0]), ExampleSettings().shares_of_sources(), 2, CPU)
    edges = np.zeros((256, 2), np.int16)
    for value in (1, 2, 3):
        library.add(DrawnMatte(np.full((4, 640, 640), value, np.uint8), edges))
    assert library.pictures[22:, 0, 0, 0].tolist() == [3, 2]
    assert (library.drawn, library.in_ring) == (3, 2)


def test_the_anchor_is_in_the_example_and_whole_pixels_stay_whole(monkeypatch):
    monkeypatch.setattr(sampling, "_WHOLE_PIXELS", 1.0)
    random = np.random.default_rng(1)
    picture = torch.from_numpy(random.integers(0, 256, (4, 640, 640), dtype=np.uint8))
    picture[3] = 0
    picture[3, 300, 200] = 255
    anchors = torch.tensor([[300, 200]] * 20)
    colours, alpha = sample_foregrounds(
        picture.expand(20, 4, 640, 640), anchors, 64, False, Draws(1, CPU)
    )
    seen = set()
    for example, matte in zip(colours, alpha, strict=True):
        ((row, column),) = (matte[0] > 0.01).nonzero().tolist()
        assert abs(matte[0, row, column] - 1) < 1e-3
        # The surroundings of the anchor, turned by quarters or mirrored.
        around = example[:, row - 4 : row + 5, column - 4 : column + 5].round().numpy()
        original = picture[:3, 296:305, 196:205].numpy()
        turned = [np.rot90(original, k, (1, 2)) for k in range(4)]
        turned += [picture[:, :, ::-1] for picture in turned]
        (which,) = [k for k in range(8) if np.array_equal(turned[k], around)]
        seen.add(which)
    assert len(seen) > 4


def test_halved_foregrounds_are_means_of_whole_pixels(monkeypatch):
    """As sharp as their pictures: each pixel is the mean of four, not of nine."""
    monkeypatch.setattr(sampling, "_WHOLE_PIXELS_SHRUNK", 1.0)
    picture = torch.zeros(4, 640, 640, dtype=torch.uint8)
    picture[3, 301, 201] = 255  # beside the anchor
    anchors = torch.tensor([[300, 200]] * 20)
    _, alpha = sample_foregrounds(picture.expand(20, 4, 640, 640), anchors, 64, True, Draws(1, CPU))
    for matte in alpha:
        assert (matte > 0.01).sum() == 1
        assert matte.max() == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("shrunk", [False, True])
def test_sampled_foregrounds_have_no_dark_rims(shrunk):
    y, x = np.mgrid[:640, :640] - 320
    alpha = np.clip(0.5 + (150 - np.hypot(y, x)) / 3, 0, 1)
    picture = np.zeros((4, 640, 640), np.uint8)
    picture[:3] = 200  # as the pack gives it: filled beyond the edge
    picture[3] = (alpha * 255).round()
    edge = np.argwhere((alpha > 0.4) & (alpha < 0.6))[:20]
    corners = [[0, 0], [639, 639]]  # beyond the picture its colours go on
    anchors = torch.from_numpy(np.concatenate([edge, corners]))
    pictures = torch.from_numpy(picture).expand(len(anchors), 4, 640, 640)
    colours, alpha = sample_foregrounds(pictures, anchors, 64, shrunk, Draws(1, CPU))
    assert ((alpha > 0.1) & (alpha < 0.9)).any()
    assert (colours - 200).abs().max() < 0.1


def test_averaging_down_weighs_colours_by_alpha():
    alpha = torch.tensor([[1.0, 0.0], [0.5, 0.0]]).view(1, 1, 2, 2)
    colours = torch.tensor([[100.0, 0.0], [40.0, 0.0]]).view(1, 1, 2, 2).expand(1, 3, 2, 2)
    colour, mean = averaged_down(colours, alpha, 2)
    assert mean.item() == 0.375
    torch.testing.assert_close(colour[0, :, 0, 0], torch.full((3,), 80.0), atol=0.5, rtol=0)
    colour, _ = averaged_down(colours, torch.zeros_like(alpha), 2)
    torch.testing.assert_close(colour[0, :, 0, 0], torch.full((3,), 35.0))


def test_two_objects_as_one_give_the_same_composite():
    front, back, background = (torch.rand(2, 3, 8, 8) * 255 for _ in range(3))
    front_alpha, back_alpha = torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8)
    front_alpha[0, 0, 0] = back_alpha[0, 0, 0] = 0
    colours, alpha = over(front, front_alpha, back, back_alpha)
    behind = back_alpha * back + (1 - back_alpha) * background
    expected = front_alpha * front + (1 - front_alpha) * behind
    torch.testing.assert_close(alpha * colours + (1 - alpha) * background, expected)
    torch.testing.assert_close(colours[0, :, 0, 0], back[0, :, 0, 0])


def test_backgrounds_are_pieces_of_the_photograph_itself():
    photo = torch.zeros((1, 3, 608, 608), dtype=torch.uint8)
    photo[:, :, :300, :400] = 100
    photos, extents = photo.expand(50, 3, 608, 608), torch.tensor([[300.0, 400.0]]).expand(50, 2)
    pieces = sample_backgrounds(photos, extents, 128, Draws(1, CPU))
    assert pieces.shape == (50, 3, 128, 128)
    torch.testing.assert_close(pieces, torch.full_like(pieces, 100.0))
    large = sample_backgrounds(photos, extents, 608, Draws(1, CPU))
    assert torch.isfinite(large).all()


@pytest.mark.parametrize("quality", [40, 75, 96])
def test_jpeg_is_what_libjpeg_does(quality):
    random = np.random.default_rng(0)
    noise = random.uniform(0, 255, (64, 96, 3)).astype(np.float32)
    photo = np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 4 - 380, 0, 255).round()
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    expected = cv2.imdecode(cv2.imencode(".jpg", photo[..., ::-1], options)[1], 1)[..., ::-1]
    ours = jpeg(torch.from_numpy(photo.transpose(2, 0, 1).copy())[None], torch.tensor([quality]))
    ours = ours[0].numpy().transpose(1, 2, 0)
    loss = np.abs(expected - photo).mean()
    assert np.abs(ours - expected).mean() < 0.5 * loss
    assert abs(np.abs(ours - photo).mean() / loss - 1) < 0.25
