"""What test.py says of its flags and of files that go together."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig
from dim_tf.config.flags import config_from_arguments
from dim_tf.matting.predict import MattingModel
from dim_tf.model.checkpoint_choice import CHECKSUMS_NAME, RELEASED_FOLDER, find_checkpoint
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.writing import write_png
from dim_tf.trimaps.rough_mask import trimap_from_rough_mask
from tests.advice.provoking import flags_in, refused, told

pytestmark = pytest.mark.usefixtures("pictures")
RGB, ALPHA, TRIMAP = "--rgb=photo.png", "--alpha=mask.png", "--trimap=trimap.png"
MASK = RGB, ALPHA
GT, PREDICTIONS = "--gt=matte.png", "--predictions=matte.png"


@pytest.fixture
def two_photos(pictures, write_photo, write_mask):
    """The folders photos and masks, with a and b each."""
    for name in "ab":
        write_photo(Path("photos") / f"{name}.png")
        write_mask(Path("masks") / f"{name}.png")
    return "--rgb=photos", "--alpha=masks"


# Which flags


@pytest.mark.parametrize(
    "given, advice, followed",
    [
        ([ALPHA], "--rgb is missing; give the photo that belongs to the mask", [[RGB]]),
        ([TRIMAP], "give the photo that belongs to the mask, trimap or ground truth", [[RGB]]),
        ([GT, ALPHA], "give the photo that belongs to the mask", [[RGB]]),
        (
            [RGB],
            "Give a mask with --alpha or a trimap with --trimap beside --rgb, or --rect=auto.",
            [[ALPHA], [TRIMAP], ["--rect=auto"]],
        ),
        (
            [*MASK, "--report=r"],
            "--{} needs the ground truth to compare with; give it with --gt.",
            [[GT]],
        ),
        *(
            (
                [*MASK, flag],
                "--{} needs the ground truth to compare with; give it with --gt.",
                [[GT]],
            )
            for flag in ("--sheets=3", "--region=whole")
        ),
        (
            [PREDICTIONS],
            "--predictions needs the ground truth to compare with; give it with --gt.",
            [[GT, TRIMAP]],
        ),
        (
            [PREDICTIONS, GT],
            "give them with --trimap, or say --region=whole.",
            [[TRIMAP], ["--region=whole"]],
        ),
        (
            [*MASK, "--composite=c.png"],
            "--composite needs --background, a colour or a picture.",
            [["--background=white"], ["--background=photo.png"]],
        ),
    ],
)
def test_what_is_missing_is_given(infer, given, advice, followed):
    photo = np.full((40, 50, 3), (40, 120, 50), np.uint8)
    photo[10:30, 12:38] = (200, 60, 40)
    write_png("photo.png", photo)
    refused(advice, infer, *given)
    for more in followed:
        infer(*given, *more)


@pytest.mark.parametrize(
    "given, advice",
    [
        ([RGB, ALPHA, TRIMAP], "Give either --{} or --{}, not both."),
        ([RGB, ALPHA, "--rect=5,5,30,30"], "Give either --{} or --{}, not both."),
        ([PREDICTIONS, GT, ALPHA, TRIMAP], "Give either --{} or --{}, not both."),
    ],
)
def test_of_two_flags_one_is_left_out(infer, given, advice):
    photo = np.full((40, 50, 3), (40, 120, 50), np.uint8)
    photo[10:30, 10:30] = (200, 60, 40)
    write_png("photo.png", photo)
    sentence = refused(advice, infer, *given)
    either = re.findall(r"--\w+", sentence)
    assert len(either) == 2
    for left_out in either:
        infer(*(flag for flag in given if not flag.startswith(left_out)))


@pytest.mark.parametrize(
    "flag",
    [
        *("--checkpoint=x.npz", "--output=m.png", "--side_by_side=s.png", "--bits=16"),
        *("--size=32", "--post_process=none", "--runtime=onnx", "--rect=auto", "--only_missing"),
    ],
)
def test_what_does_not_go_with_predictions_is_left_out(infer, flag):
    given = PREDICTIONS, GT, TRIMAP
    refused("nothing is predicted; leave it out.", infer, *given, flag)
    infer(*given)


@pytest.mark.parametrize(
    "given, flag",
    [
        ([RGB, TRIMAP], "--trimap_kernel=61"),
        ([RGB, TRIMAP], "--trimap_mode=dilate"),
        ([RGB, "--rect=5,5,30,30"], "--invert=yes"),
        ([RGB, "--rect=5,5,30,30"], "--mask_orientation=as_stored"),
        ([PREDICTIONS, GT, TRIMAP], "--trimap_kernel=61"),
    ],
)
def test_what_is_about_masks_is_left_out_without_one(infer, given, flag):
    photo = np.full((40, 50, 3), (40, 120, 50), np.uint8)
    photo[10:30, 10:30] = (200, 60, 40)
    write_png("photo.png", photo)
    advice = "--{} changes nothing with --{}; leave it out, or give a mask with --alpha instead."
    refused(advice, infer, *given, flag)
    infer(*given)
    infer(*given[:-1], ALPHA, flag.replace("61", "9").replace("yes", "no"))


@pytest.mark.parametrize("flag", ["--label=1", "--invert=yes", "--trimap_kernel=9"])
def test_where_no_mask_is_measured_with_what_is_about_masks_is_left_out(infer, flag):
    given = PREDICTIONS, GT, "--region=whole"
    advice = "--{} is about masks, of which none is given; leave it out, or give them with --alpha."
    refused(advice, infer, *given, flag)
    infer(*given)
    if flag != "--label=1":  # this mask has none
        infer(*given, ALPHA, flag.replace("yes", "no"))


@pytest.mark.parametrize("post_process", ["none", "affinity"])
def test_weights_that_compute_nothing_are_replaced(infer, tiny_model, monkeypatch, post_process):
    given = *MASK, f"--post_process={post_process}"
    nothing = np.full((40, 50, 1), np.nan, np.float32)
    with monkeypatch.context() as patched:
        patched.setattr(type(tiny_model), "_predict_unknown", lambda *_: nothing)
        advice = (
            "The network's matte of this photo is not of numbers, as its training went wrong; give "
            "other weights with --checkpoint."
        )
        refused(advice, infer, *given)
        assert not Path("alpha.png").exists()
    infer(*given)


def test_photos_that_are_passed_over_are_measured_afterwards(infer, two_photos, write_mask):
    for name in "ab":
        write_mask(Path("truths") / f"{name}.png")
    trimaps = "--rgb=photos", "--trimap=trimaps", "--output=mattes"
    infer(*two_photos, "--save_trimap=trimaps", "--output=mattes")
    for name in "ab":
        Path("trimaps", f"{name}_trimap.png").rename(Path("trimaps", f"{name}.png"))
    advice = "leave it out, or measure afterwards with --predictions."
    refused(advice, infer, *trimaps, "--only_missing", "--gt=truths")
    infer(*trimaps, "--gt=truths")
    infer(*trimaps, "--only_missing")
    assert "2 of 2 sheets" in infer("--predictions=mattes", "--trimap=trimaps", "--gt=truths")


def test_a_matte_is_named_or_left_out(infer):
    given = *MASK, "--save_trimap=t.png"
    advice = "--output names the matte, which --nowrite_matte leaves out; give one of the two."
    refused(advice, infer, *given, "--nowrite_matte", "--output=m.png")
    infer(*given, "--nowrite_matte")
    assert not Path("m.png").exists()
    infer(*given, "--output=m.png")
    assert Path("m.png").exists()
    # Where nothing else says it, a composite goes beside the matte, be it written or not.
    infer(*MASK, "--nowrite_matte", "--output=out/n.png", "--background=white")
    assert [file.name for file in Path("out").iterdir()] == ["n_composite.png"]


def test_a_background_is_a_picture_or_a_colour(infer):
    sentence = refused(
        "give a picture, or a colour such as white or '#20a050'.",
        *(infer, *MASK, "--background=whitee"),
    )
    colours = re.search(r"such as (\w+) or '(.+)'", sentence).groups()
    for background in ("photo.png", *colours):
        infer(*MASK, f"--background={background}")
        assert Path("alpha_composite.png").exists()


def test_a_size_is_0_or_its_square_at_most_max_pixels(infer):
    advice = "give 0 for the photo's own size, or a side whose square is at most --max_pixels={}."
    sentence = refused(advice, infer, *MASK, "--size=65", "--max_pixels=4096")
    (largest,) = flags_in(sentence)[1:]
    for side in (0, int(int(largest.split("=")[1]) ** 0.5)):
        infer(*MASK, f"--size={side}", largest)


def test_a_large_photo_with_its_own_statistics(infer):
    given = *MASK, "--bn_eval=batch", "--max_pixels=1999"
    sentence = refused(
        "give --bn_eval=moving, or a larger --max_pixels if there is memory for it.", infer, *given
    )
    infer(*given, next(flag for flag in flags_in(sentence) if flag.endswith("moving")))
    infer(*given, "--max_pixels=2000")


# Which files


def test_paths_and_patterns_are_checked(infer):
    refused("--{}={} does not exist; check the path.", infer, "--rgb=phto.png", ALPHA)
    refused("matches no picture; check the pattern.", infer, "--rgb=phto*", ALPHA)
    infer(RGB, ALPHA)
    infer("--rgb=phot*", ALPHA)
    Path("shots [1]").mkdir()
    Path("photo.png").rename("shots [1]/photo.png")
    advice = "--{}={} matches no picture; check the pattern, in which [ itself is written [[]."
    refused(advice, infer, "--rgb=shots [1]/*.png", ALPHA)
    infer("--rgb=shots [[]1]/*.png", ALPHA)


def test_a_partner_needs_the_same_name(infer, two_photos):
    Path("masks/b.png").rename("masks/c.png")
    refused("a photo and its partner need the same name but for the suffix.", infer, *two_photos)
    Path("masks/c.png").rename("masks/b.png")
    infer(*two_photos)


def test_of_two_files_of_one_name_one_is_removed(infer, two_photos):
    shutil.copy("masks/a.png", "masks/a.bmp")
    sentence = refused(
        "{} and {} have the same name but for {}; remove one, files are paired by that name.",
        *(infer, *two_photos),
    )
    Path(sentence.split(" and ")[0]).unlink()
    infer(*two_photos)


@pytest.mark.parametrize(
    "output, advice",
    [
        ("m.png", "--{}={} is one file for {} photos; give a folder."),
        ("taken", "--{}={} is a file; give a folder or a name ending in .png."),
    ],
)
def test_several_mattes_go_to_a_folder(infer, two_photos, output, advice):
    Path("taken").touch()
    refused(advice, infer, *two_photos, f"--output={output}")
    infer(*two_photos, "--output=folder")
    assert sorted(path.name for path in Path("folder").iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize("output", ["m.jpg", "m.psd", "taken"])
@pytest.mark.parametrize("flag", ["output", "save_trimap"])
def test_a_matte_has_a_name_ending_in_png(infer, output, flag):
    Path("taken").touch()
    if output == "taken":
        advice = "is a file; give a folder or a name ending in .png."
    else:
        advice = "--{}={} is not possible; give a name ending in .png."
    refused(advice, infer, *MASK, f"--{flag}={output}")
    infer(*MASK, f"--{flag}=m.png")
    assert Path("m.png").exists()


def test_a_file_to_be_written_has_a_name_of_its_own(infer, two_photos):
    refused(
        "is an input and would be overwritten; give another name.",
        infer,
        *MASK,
        "--output=mask.png",
    )
    twice = "--output=out", "--save_trimap=out", "--side_by_side=out"
    infer(*two_photos, *twice)
    refused(
        "would be written twice; give another name or folder.",
        *(infer, *MASK, "--output=m.png", "--save_trimap=m.png"),
    )
    infer(*MASK, "--output=m.png", "--save_trimap=t.png")


def test_photos_of_a_kind_that_is_not_read_are_named(infer, two_photos, write_mask):
    content = cv2.imencode(".jp2", cv2.imread("photo.png"))[1].tobytes()
    Path("photos/c.jp2").write_bytes(content)
    write_mask(Path("masks/c.png"))
    advice = "Left out, of kinds that are not read: {}; convert to PNG."
    assert "photos/c.jp2" in told(advice, infer(*two_photos, "--output=out"))
    assert not Path("out/c.png").exists()
    write_png("photos/c.png", cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB))
    assert "Left out" not in infer(*two_photos, "--output=out")
    assert Path("out/c.png").exists()


def test_a_report_goes_to_a_folder(infer):
    given = *MASK, GT
    refused("is a file; give a folder.", infer, *given, "--report=mask.png")
    infer(*given, "--report=folder")


# Weights


def test_a_checkpoint_that_is_shipped_is_given(infer):
    sentence = refused(
        "There is no checkpoint {}; shipped with the program: {}.",
        infer,
        *MASK,
        "--checkpoint=x.npz",
    )
    shipped = re.search(r"shipped with the program: (.*?)\. Train", sentence)[1].split(", ")
    assert [Path(path).parent for path in shipped] == [RELEASED_FOLDER]
    for path in shipped:
        assert find_checkpoint(path) == Path(path)
        infer(*MASK, f"--checkpoint={path}")


@pytest.mark.parametrize("own", [False, True])
def test_released_weights_are_fetched_again_or_get_another_name(tiny_checkpoint, own):
    folder = Path("released")
    folder.mkdir()
    shutil.copy(RELEASED_FOLDER / CHECKSUMS_NAME, folder)
    (name,) = (path.name for path in RELEASED_FOLDER.glob("*.npz"))
    shutil.copy(tiny_checkpoint, folder / name)
    refused(
        "Fetch it again, e.g. by git checkout; weights of your own need another name.",
        find_checkpoint,
        folder / name,
    )
    if own:
        assert find_checkpoint((folder / name).rename(folder / "own.npz"))
    else:
        shutil.copy(RELEASED_FOLDER / name, folder / name)
        assert find_checkpoint(folder / name)


def test_a_folder_is_that_of_a_training(tiny_checkpoint):
    Path("run/checkpoints").mkdir(parents=True)
    advice = "give the --run_dir of a training or a weights file, such as {}."
    sentence = refused(advice, find_checkpoint, "run")
    assert find_checkpoint(re.search("such as (.*)[.]$", sentence)[1])
    assert find_checkpoint(tiny_checkpoint) == tiny_checkpoint
    shutil.copy(tiny_checkpoint, "run/checkpoints/step-00000001.npz")
    assert find_checkpoint("run").name == "step-00000001.npz"


# Arrays of callers of the library


@pytest.fixture
def predict(tiny_model):
    def call(rgb=None, trimap=None):
        rgb = read_rgb("photo.png") if rgb is None else rgb
        trimap = read_grey("trimap.png") if trimap is None else trimap
        return MattingModel.predict_alpha(tiny_model, rgb, trimap)

    return call


def test_arrays_have_the_shape_that_is_asked_for(predict):
    rgb, trimap = read_rgb("photo.png"), read_grey("trimap.png")
    expected = predict()
    refused("The {} has the shape {}; give [H, W] or [H, W, 1].", predict, rgb, rgb)
    refused("The photo has the shape {}; give [H, W, 3], RGB.", predict, rgb[None], trimap)
    for followed in ((rgb, trimap), (rgb, trimap[..., None])):
        np.testing.assert_array_equal(predict(*followed), expected)


def test_a_picture_to_write_has_the_shape_that_is_asked_for(pictures):
    rgb, grey = read_rgb("photo.png"), read_grey("trimap.png")
    sentence = "The picture has the shape {}; give [H, W], [H, W, 3] or [H, W, 4]."
    refused(sentence, write_png, "written.png", rgb[None])
    for followed in (grey, rgb, np.dstack([rgb, grey])):
        write_png("written.png", followed)


def test_arrays_have_numbers_that_are_asked_for(predict):
    rgb, trimap = read_rgb("photo.png"), read_grey("trimap.png")
    expected = predict()
    refused("give bool, uint8, or floats from 0 to 1.", predict, rgb, trimap.astype(complex))
    refused("give bool, uint8, or floats from 0 to 1.", predict, rgb.astype(object), trimap)
    refused("whole numbers go from 0 to 255.", predict, rgb.astype(int) + 1000, trimap)
    refused("floats go from 0 to 1.", predict, rgb.astype(float), trimap)
    for followed in ((rgb, trimap), (rgb.astype(int), trimap), (rgb / 255, trimap / 255)):
        np.testing.assert_array_equal(predict(*followed), expected)
    predict(rgb, trimap > 128)


def test_photo_and_trimap_are_of_one_size(predict):
    rgb, trimap = read_rgb("photo.png"), read_grey("trimap.png")
    sentence = "The photo is {}×{} pixels and the trimap {}×{}; give two of the same size."
    refused(sentence, predict, rgb[:30], trimap)
    predict(rgb[:30], trimap[:30])


def test_a_trimap_is_made_of_a_mask(predict):
    mask = np.tile(np.linspace(0, 255, 50).astype(np.uint8), (40, 1))
    refused("of a mask trimap_from_rough_mask makes one.", predict, None, mask)
    predict(None, trimap_from_rough_mask(mask))


# What the weights say


def test_for_the_certainty_weights_that_say_it_are_taken(pictures, tiny_checkpoint):
    given = "--rgb=photo.png", "--trimap=trimap.png", "--save_certainty=sure.png"

    def infer(*more):
        run_inference(config_from_arguments(InferenceConfig, [*given, *more]))

    refused(
        "These weights do not say how sure they are; train with --certainty, or take the shipped "
        "weights.",
        *(infer, f"--checkpoint={tiny_checkpoint}"),
    )
    assert not Path("sure.png").exists() and not Path("alpha.png").exists()
    infer()
    assert len(np.unique(read_grey("sure.png"))) > 2
