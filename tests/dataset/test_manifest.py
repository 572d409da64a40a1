import dataclasses
import json

import numpy as np
import pytest

from dim_tf.dataset.manifest import Manifest, read_manifest, write_manifest
from dim_tf.system.errors import InputError


def make(folder, **changes):
    settings = {
        "data_dir": folder,
        "layout": "compact",
        "pad": "center",
        "crop_safety": "center",
        "foregrounds": ("cat", "dog, small,", 'bär "x"'),
        "backgrounds": ("sea", "wood"),
        "pairs": np.array([[0, 1], [0, 0], [1, 1], [2, 0], [1, 0]], np.int32),
        "seed": 7,
    }
    return Manifest(**{**settings, **changes})


def change(folder, **values):
    """Edits the JSON of a written manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_is_written_is_read_back(tmp_path):
    unusual = {"layout": "original", "pad": "none", "crop_safety": "pull_back"}
    manifest = make(tmp_path, **unusual, unusual_settings="00c0ffee")
    write_manifest(manifest)
    again = read_manifest(tmp_path)
    for field in dataclasses.fields(Manifest):
        expected, found = getattr(manifest, field.name), getattr(again, field.name)
        assert type(found) is type(expected) or field.name == "data_dir"
        np.testing.assert_array_equal(found, expected)
    assert again.pairs.dtype == np.int32
    assert len(again) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_the_fingerprint_tells_another_safety_of_crops_and_stays_what_it_was(tmp_path):
    """Runs and records hold fingerprints from before it told of crops."""
    usual = make(tmp_path), make(tmp_path, pad="none", crop_safety="pull_back")
    assert [manifest.fingerprint() for manifest in usual] == [
        "5 pairs (checksum 61a9e798)",
        "5 pairs (checksum 4893b43f)",
    ]
    pulled_back = make(tmp_path, crop_safety="pull_back").fingerprint()
    assert pulled_back == "5 pairs (checksum 61a9e798, crop_safety pull_back)"


def test_the_fingerprint_tells_unusual_settings_of_the_pictures(tmp_path):
    texts = [make(tmp_path, unusual_settings=text).fingerprint() for text in (None, "", "00c0ffee")]
    usual = "5 pairs (checksum 61a9e798)"
    assert texts == [usual, usual, "5 pairs (checksum 61a9e798, settings 00c0ffee)"]


def test_paths_of_the_compact_layout(tmp_path):
    manifest = make(tmp_path)
    assert manifest.alpha_path(2) == tmp_path / "alpha" / "dog, small,.png"
    assert manifest.eps_path(3) == tmp_path / "eps" / 'bär "x".png'
    assert manifest.background_path(0) == tmp_path / "bg" / "wood.png"
    assert manifest.foreground_name(0) == "cat"
    assert manifest.background_name(0) == "wood"


def test_paths_of_the_original_layout_count_each_foregrounds_pairs(tmp_path):
    manifest = make(tmp_path, layout="original")
    found = [manifest.background_path(i).relative_to(tmp_path).as_posix() for i in range(5)]
    assert found == [
        "bg/cat/0.png",
        "bg/cat/1.png",
        "bg/dog, small,/0.png",
        'bg/bär "x"/0.png',
        "bg/dog, small,/1.png",
    ]
    assert manifest.alpha_path(4) == tmp_path / "alpha" / "dog, small," / "1.png"


def test_paths_are_absolute_when_read_from_a_relative_folder(tmp_path, monkeypatch):
    write_manifest(make(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert read_manifest(".").alpha_path(0) == tmp_path / "alpha" / "cat.png"


@pytest.mark.parametrize("layout", ["compact", "original"])
def test_selected_foregrounds_keep_their_files(tmp_path, layout):
    manifest = make(tmp_path, layout=layout)
    hard = manifest.select_foregrounds(["dog, small,"])
    assert len(hard) == 2
    assert [hard.background_path(i) for i in range(2)] == [
        manifest.background_path(i) for i in (2, 4)
    ]
    assert {hard.foreground_name(i) for i in range(2)} == {"dog, small,"}


def test_an_unknown_foreground_is_named(tmp_path):
    with pytest.raises(InputError, match="no foreground named fox, wolf;"):
        make(tmp_path).select_foregrounds(["wolf", "cat", "fox"])
    with pytest.raises(InputError, match="empty"):
        make(tmp_path).select_foregrounds([])


def test_a_folder_without_manifest_is_no_dataset(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"no manifest.json; make one with dim-tf prepare"):
            read_manifest(folder)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\x00\xff", "[" * 100_000])
def test_a_manifest_that_is_no_table_is_damaged(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match="is damaged"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "values",
    [
        {"layout": "flat"},
        {"pad": None},
        {"crop_safety": "auto"},
        {"seed": "1"},
        {"unusual_settings": 3},
        {"unusual_settings": "the usual"},
        {"foregrounds": None},
        {"foregrounds": ["cat", "cat", "dog"]},
        {"pairs": None},
        {"pairs": []},
        {"pairs": [[0, 1], [0]]},
        {"pairs": [[0.5, 1]]},
        {"pairs": [[0, 1, 1]]},
        {"pairs": [[3, 0]]},
        {"pairs": [[0, 2]]},
        {"pairs": [[-1, 0]]},
        {"pairs": [["a", "b"]]},
        {"pairs": [[10**30, 0]]},
    ],
)
def test_a_manifest_with_a_wrong_entry_is_damaged(tmp_path, values):
    write_manifest(make(tmp_path))
    change(tmp_path, **values)
    with pytest.raises(InputError, match="is damaged"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_another_format_version_is_refused(tmp_path, version):
    write_manifest(make(tmp_path))
    change(tmp_path, format_version=version)
    with pytest.raises(InputError, match=f"format version {version}, this program reads"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "C:x", 3])
@pytest.mark.parametrize("key", ["foregrounds", "backgrounds"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path, key, name):
    write_manifest(make(tmp_path))
    change(tmp_path, **{key: ["cat", "dog", name]})
    with pytest.raises(InputError, match="lead out of the dataset"):
        read_manifest(tmp_path)
