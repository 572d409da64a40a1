"""What is said of the Beam pipeline."""

import importlib.util
import re
from pathlib import Path

import pytest

from dim_tf.commands.beam import run_pipeline
from dim_tf.config import BeamConfig
from dim_tf.config.flags import config_from_arguments
from tests.advice.provoking import refused
from tests.advice.sentences import pattern_of

PHOTOS, MASKS, OUTPUT = "--rgb=p*.png", "--alpha=masks/", "--output=mattes"


def call(*arguments):
    run_pipeline(config_from_arguments(BeamConfig, ["--post_process=none", *arguments]))


@pytest.fixture
def run(pictures, tiny_checkpoint, tiny_model, monkeypatch):
    """What the pipeline does with these arguments and a tiny network, on photo.png."""
    pytest.importorskip("apache_beam", reason="needs the extra beam")
    from dim_tf.commands import beam_pipeline

    monkeypatch.setattr(beam_pipeline, "load_network", lambda *_: (tiny_model, tiny_checkpoint))
    Path("masks").mkdir()
    Path("mask.png").rename("masks/photo.png")
    return call


def test_apache_beam_is_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    advice = "The pipeline needs apache-beam; install it with pip install apache-beam."
    refused(advice, call, PHOTOS, MASKS, OUTPUT)


@pytest.mark.parametrize(
    ("advice", "given", "lacking"),
    [
        ("--photos is missing; give a pattern, such as 'photos/*'.", [MASKS, OUTPUT], PHOTOS),
        ("--output is missing; give the folder for the mattes.", [PHOTOS, MASKS], OUTPUT),
    ],
)
def test_what_is_missing_is_given(run, advice, given, lacking):
    refused(advice, run, *given)
    run(*given, lacking)
    assert Path("mattes/photo.png").exists()


@pytest.mark.parametrize("flag", ["--output", "--cutout", "--dead_letters"])
def test_hdfs_is_not_written_to(run, flag):
    advice = (
        "{} cannot be written to: Beam replaces no file on hdfs://, which a second run needs; give "
        "folders of another filesystem."
    )
    refused(advice, run, PHOTOS, MASKS, OUTPUT, f"{flag}=hdfs://node/folder/letters.txt")
    run(PHOTOS, MASKS, OUTPUT, f"{flag}=folder/letters.txt")


def test_a_background_comes_afterwards(run):
    advice = (
        "--background and --composite are not possible here; give --cutout, and put the cut-outs "
        "on it afterwards."
    )
    refused(advice, run, PHOTOS, MASKS, OUTPUT, "--background=white")
    run(PHOTOS, MASKS, OUTPUT, "--cutout=cut")
    assert Path("cut/photo_cutout.png").exists()


def test_a_pattern_that_matches(run):
    advice = "--photos={} matches no picture; check the pattern."
    refused(advice, run, "--rgb=foto*.png", MASKS, OUTPUT)
    run(PHOTOS, MASKS, OUTPUT)


def test_files_of_one_name_and_photos_without_a_mask_are_mended(run, write_photo):
    write_photo(Path("photo.webp.png")).rename("photo.webp")
    write_photo("page.png")
    for pattern, advice in (
        (
            "--rgb=photo*",
            "have the same name but for {}; remove one, files are paired by that name.",
        ),
        ("--rgb=page*", "a photo and its partner need the same name but for the suffix."),
    ):
        refused("{} photos could not be used", run, pattern, MASKS, OUTPUT)
        assert pattern_of(advice).search(Path("mattes/dead_letters.txt").read_text())
    Path("photo.webp").unlink()
    run("--rgb=photo*", MASKS, OUTPUT)
    Path("masks/photo.png").rename("masks/page.png")
    run("--rgb=page*", MASKS, OUTPUT)


def test_a_photo_is_not_called_as_the_cutout_of_another(run, write_photo, write_mask):
    write_photo("photo_cutout.png")
    write_mask("masks/photo_cutout.png")
    refused("1 of 2 photos could not be used", run, PHOTOS, MASKS, OUTPUT, "--cutout=mattes")
    advice = "by --{} for another photo as well; rename this photo, or give --{} another folder."
    assert pattern_of(advice).search(Path("mattes/dead_letters.txt").read_text())
    run(PHOTOS, MASKS, OUTPUT, "--cutout=cut")
    for folder in ("", "masks/"):
        Path(f"{folder}photo_cutout.png").rename(f"{folder}page.png")
    run(PHOTOS, MASKS, OUTPUT, "--cutout=mattes")


def test_dead_letters_are_a_text_file_of_their_own(run):
    Path("mine").mkdir()
    Path("mine/notes.md").touch()
    advice = "--dead_letters={} is no text file; give one ending in {}, which is written anew."
    for name in ("mine", "mine/", "masks", "photo.png", "*"):
        sentence = refused(advice, run, PHOTOS, MASKS, OUTPUT, f"--dead_letters={name}")
    assert Path("mine/notes.md").exists() and Path("masks/photo.png").stat().st_size
    (ending,) = re.findall(r"ending in (\S+),", sentence)
    run(PHOTOS, MASKS, OUTPUT, f"--dead_letters=mine/letters{ending}")
    assert sorted(path.name for path in Path("mine").iterdir()) == ["letters.txt", "notes.md"]


def test_runners_and_their_options_are_such_as_beam_has(run):
    advice = "--runner_options={} cannot be taken apart ({}); give them as on a command line."
    refused(advice, run, PHOTOS, MASKS, OUTPUT, "--runner_options='--job_name=a b")
    run(PHOTOS, MASKS, OUTPUT, "--runner_options='--job_name=a b'")
    advice = "--runner={} is not possible ({}); give another."
    sentence = refused(advice, run, PHOTOS, MASKS, OUTPUT, "--runner=NoRunner")
    assert "FnApiRunner" in sentence
    run(PHOTOS, MASKS, OUTPUT, "--runner=FnApiRunner")


def test_a_filesystem_lacks_a_package(run):
    pytest.importorskip("apache_beam")
    if importlib.util.find_spec("boto3"):
        pytest.skip("it lacks none here")
    advice = (
        "A filesystem lacks its package here ({}); install it with pip install "
        "'apache-beam[gcp]', [aws] or [azure]."
    )
    refused(advice, run, "--rgb=s3://bucket/photos", MASKS, OUTPUT)


def test_what_stopped_the_pipeline_is_mended(run):
    Path("mattes").touch()
    advice = (
        "The pipeline stopped: {}; what is finished is kept, so give the same command again once "
        "that is mended."
    )
    assert "mattes" in refused(advice, run, PHOTOS, MASKS, OUTPUT)
    Path("mattes").unlink()
    run(PHOTOS, MASKS, OUTPUT)
    assert Path("mattes/photo.png").exists()
