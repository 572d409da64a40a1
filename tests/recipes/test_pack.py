import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from dim_tf.config.fields import with_values
from dim_tf.dataset.cutouts import find_cut_outs
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_matte, render_texture
from dim_tf.system.errors import InputError
from recipes.accelerated.edges import edge_pixels
from recipes.accelerated.pack_file import (
    Pack,
    PackedPhoto,
    cutout_square,
    encode_colours,
    encode_matte,
    photo_square,
    read_pack,
    write_pack,
)
from recipes.accelerated.packing import make_pack, pack_cutout
from recipes.accelerated.pieces import pieces_of
from recipes.accelerated.settings import PackSettings
from tests.recipes.conftest import write_cutout, write_jpeg


def disc(side, colour=(200, 150, 100), radius=0.3, softness=8.0):
    """A soft disc of one colour: opacity as float, and the true colours everywhere."""
    y, x = np.mgrid[:side, :side] - side / 2
    alpha = np.clip(0.5 + (radius * side - np.hypot(y, x)) / softness, 0, 1)
    return (alpha * 255).round().astype(np.uint8), np.full((side, side, 3), colour, np.uint8)


def black_where_transparent(alpha, rgb):
    return np.where(alpha[..., None] == 0, 0, rgb).astype(np.uint8)


def test_held_out_files_are_never_in_the_pack(pack):
    path, result = pack
    read = read_pack(path)
    names = {cutout.name for cutout in read.cutouts}
    assert {re.sub(r"_\d$", "", name) for name in names} == {
        f"{source}/{source}_{number:02d}" for source in ("cats", "dogs") for number in range(12)
    } - {"cats/cats_10", "dogs/dogs_10"}
    photos = {photo.name for photo in read.photos}
    assert photos == {f"photo_{number:02d}.jpg" for number in range(14)} - {
        "photo_04.jpg",
        "photo_13.jpg",
    }
    assert result.held_out == 4
    assert not result.refusals


def test_a_pack_is_read_as_it_was_written(pack, tmp_path):
    path, result = pack
    assert read_pack(path) == result.pack
    write_pack(tmp_path / "again.npz", read_pack(path))
    assert read_pack(tmp_path / "again.npz") == result.pack


def test_what_is_no_cut_out_is_refused_and_the_rest_packed(tmp_path, photos_dir):
    folder = tmp_path / "cutouts"
    write_cutout(folder, "good", 1)
    write_jpeg(folder / "lonely.jpg", np.zeros((8, 8, 3), np.uint8))
    write_png(folder / "opaque.png", np.zeros((8, 8, 3), np.uint8))
    write_jpeg(folder / "sizes.jpg", np.zeros((8, 8, 3), np.uint8))
    write_png(folder / "sizes.png", render_matte("hard", 1, 64)[:, :32])
    write_jpeg(folder / "flat.jpg", np.zeros((8, 8, 3), np.uint8))
    write_png(folder / "flat.png", np.full((8, 8), 255, np.uint8))
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    result = make_pack(
        PackSettings(
            str(folder), str(photos_dir), str(tmp_path / "p.npz"), workers=1, progress=False
        )
    )
    assert [cutout.name for cutout in result.pack.cutouts] == ["good_0"]
    told = "\n".join(result.refusals)
    for name in ("lonely.jpg", "opaque.png", "sizes.png", "flat.png", "damaged.png"):
        assert name in told
    assert len(result.refusals) == 5


def test_filled_and_resized_colours_have_no_dark_rims():
    alpha, rgb = disc(1000)
    found = pieces_of(alpha, black_where_transparent(alpha, rgb), "name")
    assert [piece.shape for piece, _ in found] == [(640, 640)] * 3
    for _, colours in found:
        assert np.abs(colours.astype(int) - (200, 150, 100)).max() <= 2
    # What the test would see without it:
    dark = cv2.resize(black_where_transparent(alpha, rgb), (640, 640), interpolation=cv2.INTER_AREA)
    assert np.abs(dark[found[0][0] > 0].astype(int) - (200, 150, 100)).max() > 20


def test_cut_outs_in_the_pack_have_no_dark_rims(tmp_path):
    alpha, rgb = disc(200)
    write_png(tmp_path / "disc.png", np.dstack([black_where_transparent(alpha, rgb), alpha]))
    (packed,) = pack_cutout(find_cut_outs(tmp_path, "all")[0][0], quality=90)
    square = cutout_square(packed)
    assert np.abs(square[:3].transpose(1, 2, 0).astype(int) - (200, 150, 100)).max() <= 6


def test_small_cut_outs_stay_as_they_are():
    alpha, rgb = disc(100)
    rgb[:, ::2] = (20, 40, 60)
    ((found, colours),) = pieces_of(alpha, rgb, "name")
    np.testing.assert_array_equal(found, alpha)
    np.testing.assert_array_equal(colours[alpha >= 32], rgb[alpha >= 32])


def test_pieces_of_a_large_binary_cut_out_show_its_outline():
    alpha = np.zeros((900, 1400), np.uint8)
    alpha[300:600, 400:900] = 255
    found = pieces_of(alpha, np.zeros((900, 1400, 3), np.uint8), "name")
    assert [piece.shape for piece, _ in found] == [(411, 640), (640, 640), (640, 640)]
    for piece, _ in found:
        assert 0 < piece.mean() < 255


def test_edge_pixels_lie_on_the_edge():
    alpha = disc(100)[0]
    rows, columns = edge_pixels(alpha, 1).T
    between = alpha[rows, columns]
    assert ((between > 8) & (between < 247)).all()
    hard = np.where(alpha > 127, 255, 0).astype(np.uint8)
    rows, columns = edge_pixels(hard, 1).T
    for row, column in zip(rows[:20], columns[:20], strict=True):
        around = hard[row - 1 : row + 2, column - 1 : column + 2]
        assert around.min() == 0 and around.max() == 255
    np.testing.assert_array_equal(edge_pixels(np.zeros((6, 8), np.uint8), 1, 2), [[3, 4]] * 2)


def test_squares_hold_the_pictures_in_place(pack):
    cutout = read_pack(pack[0]).cutouts[0]
    square = cutout_square(cutout)
    assert square.shape == (4, 640, 640)
    inside = square[3, 272:368, 272:368]
    assert inside.any()
    assert square[3].astype(int).sum() == inside.astype(int).sum()
    assert set(np.unique(inside)) <= set(range(0, 256, 5))
    alpha = cv2.imdecode(np.frombuffer(cutout.matte, np.uint8), cv2.IMREAD_GRAYSCALE)
    top = (640 - alpha.shape[0]) // 2
    np.testing.assert_array_equal(square[:3, 0], square[:3, top])  # colours go on

    rgb = np.zeros((400, 600, 3), np.uint8)
    rgb[..., 0] = np.arange(600) // 3
    packed = PackedPhoto("photo", encode_colours(rgb, 100))
    square, extent = photo_square(packed)
    assert square.shape == (3, 608, 608)
    assert extent == (400, 600)
    np.testing.assert_array_equal(square[:, 400], square[:, 398])  # mirrored
    assert abs(int(square[0, 0, 300]) - 100) < 4  # red first


def test_a_matte_is_kept_to_half_a_step():
    alpha = np.arange(256, dtype=np.uint8).reshape(16, 16)
    decoded = cv2.imdecode(np.frombuffer(encode_matte(alpha), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.abs(decoded.astype(int) - alpha).max() <= 2
    assert decoded[0, 0] == 0 and decoded[15, 15] == 255


def test_a_pack_too_large_is_refused_and_not_written(cutouts_dir, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    for number in range(7):
        write_jpeg(tmp_path / "photos" / f"{number}.jpg", noise)
    settings = PackSettings(
        photos_dir=str(tmp_path / "photos"),
        out=str(tmp_path / "p.npz"),
        photo_short=600,
        photo_quality=100,
        workers=1,
        progress=False,
    )
    make_pack(settings)
    size = (tmp_path / "p.npz").stat().st_size / 2**20
    assert size > 1.1
    (tmp_path / "p.npz").unlink()
    with pytest.raises(InputError, match=r"more than --max_mib=1; give a smaller --photo_short"):
        make_pack(with_values(settings, max_mib=1))
    assert not (tmp_path / "p.npz").exists()
    make_pack(with_values(settings, max_mib=1, photo_short=128))


def test_missing_empty_and_useless_folders_are_told(tmp_path, photos_dir):
    (tmp_path / "empty").mkdir()
    write_png(tmp_path / "useless" / "opaque.png", np.zeros((8, 8, 3), np.uint8))
    for suffix in ("png", "webp", "jpg"):
        write_png(tmp_path / "threefold" / f"a.{suffix}", np.zeros((8, 8, 3), np.uint8))
    photos = tmp_path / "photos"
    for photo in photos_dir.iterdir():
        write_jpeg(photos / photo.name, render_texture(1, (32, 32)))
    (photos / "zebra.jpg").write_text("no picture")
    for name, told in (
        ("none", "none is not a folder"),
        ("empty", "empty holds no pictures"),
        ("useless", r"Nothing in .*useless can be used: .*opaque\.png"),
        ("threefold", r"Nothing in .*threefold can be used: .*a\.jpg has the same name"),
    ):
        settings = PackSettings(
            str(tmp_path / name), str(photos), str(tmp_path / "p.npz"), workers=1, progress=False
        )
        with pytest.raises(InputError, match=told):
            make_pack(settings)


def test_damaged_packs_are_told(pack, tmp_path):
    content = bytearray(pack[0].read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "damaged.npz").write_bytes(content)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    write_pack(tmp_path / "no_photos.npz", Pack(pack[1].pack.cutouts, ()))
    for name, told in (
        ("damaged", "is damaged or no pack"),
        ("other", "is no pack; make one"),
        ("no_photos", "holds no photograph"),
        ("none", "There is no pack"),
    ):
        with pytest.raises(InputError, match=told):
            read_pack(tmp_path / f"{name}.npz")
    with pytest.raises(InputError, match="picture bad is damaged"):
        photo_square(PackedPhoto("bad", b"nothing"))


def test_the_command_says_what_it_did(cutouts_dir, photos_dir, tmp_path):
    def run(*flags):
        command = [sys.executable, "-m", "recipes.accelerated.pack", "--noprogress", *flags]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    out = tmp_path / "pack.npz"
    done = run(
        f"--cutouts_dir={cutouts_dir}", f"--photos_dir={photos_dir}", f"--out={out}", "--workers=2"
    )
    assert done.returncode == 0, done.stderr
    assert "22 pieces of cut-outs and 12 photographs" in done.stdout
    assert "4 files held out" in done.stdout
    failed = run(f"--photos_dir={tmp_path / 'none'}", f"--out={out}")
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1 and "is not a folder" in failed.stderr
