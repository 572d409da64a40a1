"""Files that somebody made to do harm: refused with a sentence, and nothing in them is run."""

import io
import json
import os
import pickle
import resource
import zipfile

import numpy as np
import pytest

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import NetworkConfig, OfflineConfig, with_values
from dim_tf.config.flagfile import expand_flagfiles
from dim_tf.dataset.manifest import (
    Manifest,
    is_safe_name,
    pairs_array,
    read_manifest,
    write_manifest,
)
from dim_tf.matting.predict import load_model
from dim_tf.model.vgg16 import read_vgg16
from dim_tf.model.weights import read_arrays, write_arrays
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_texture
from dim_tf.system.errors import InputError, printable
from dim_tf.system.npz import read_npz

# Weights


class Trap:
    """Unpickling one makes a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def trapped_npz(path, marker):
    arrays = {name: np.array([Trap(marker)], object) for name in ("network/conv1_1/weights", "b")}
    texts = {"config": NetworkConfig().__dict__, "about": {}}
    for name, value in texts.items():
        arrays[name] = np.frombuffer(json.dumps(value).encode(), np.uint8)
    np.savez(path, **arrays)


def trapped_keras(path, marker):
    import keras

    def spring(x):
        open(marker, "w").close()  # noqa: PTH123
        return x

    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Lambda(spring, output_shape=(2,))(inputs)).save(path)
    marker.unlink(missing_ok=True)  # building it called the function


def trapped_pickle(path, marker):
    path.write_bytes(pickle.dumps(Trap(marker)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("evil.npz", trapped_npz),
        ("evil.keras", trapped_keras),
        ("evil.h5", trapped_keras),
        ("evil.pkl", trapped_pickle),
        ("pickle.npz", trapped_pickle),
    ],
)
def test_weights_that_hold_code_are_refused_and_never_run(tmp_path, name, write):
    path, marker = tmp_path / name, tmp_path / "executed"
    write(path, marker)
    assert path.exists() and not marker.exists()
    for read in (load_model, read_vgg16):
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            read(str(path))
    assert not marker.exists()


def zipped(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_members_with_paths_write_nothing(tmp_path):
    path = tmp_path / "deep" / "evil.npz"
    path.parent.mkdir()
    members = {f"{up}escaped.npy": npy(np.zeros(3)) for up in ("../", "/tmp/", "../../", "C:\\")}
    zipped(path, members)
    assert len(read_npz(path)) == 4
    with pytest.raises(InputError, match=r"evil\.npz"):
        load_model(path)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["deep", "evil.npz"]


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_a_bomb_is_refused_before_it_takes_memory(tmp_path):
    before = peak_megabytes()
    zeros = npy(np.zeros(300_000_000, np.uint8))
    grown = peak_megabytes() - before
    zipped(tmp_path / "bomb.npz", {"network/a.npy": zeros, "conv1_1_W.npy": zeros})
    assert (tmp_path / "bomb.npz").stat().st_size < 1_000_000
    del zeros
    before = peak_megabytes()
    for read in (load_model, read_vgg16):
        with pytest.raises(InputError, match=r"expand to [36]00000\d+ bytes"):
            read(str(tmp_path / "bomb.npz"))
    assert peak_megabytes() - before < max(100, grown / 2)


@pytest.mark.parametrize("shape", ["(10**18,)", "(1000000000000,)", "(-1,)", "(2**70,)", "(0,)"])
def test_a_header_that_claims_too_much_is_refused(tmp_path, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)
    zipped(tmp_path / "odd.npz", {"config.npy": content}, zipfile.ZIP_STORED)
    with pytest.raises(InputError, match=r"odd\.npz is damaged"):
        read_arrays(tmp_path / "odd.npz")


def test_a_small_file_cannot_ask_for_a_large_network(tmp_path):
    """8 GB of weights, were it built before it is compared with what is there."""
    before = peak_megabytes()
    write_arrays(tmp_path / "odd.npz", {"network/a": np.zeros(1)}, NetworkConfig(width=4.0), {})
    with pytest.raises(InputError, match="network/conv5_3/weights is missing"):
        load_model(tmp_path / "odd.npz")
    assert peak_megabytes() - before < 200


# Datasets


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "data"
    for kind, shape in (("alpha", (64, 64)), ("eps", (64, 64, 3)), ("bg", (64, 64, 3))):
        write_png(folder / kind / "cat.png", np.zeros(shape, np.uint8))
    pairs = pairs_array([(0, 0)])
    write_manifest(Manifest(folder, "compact", "none", "pull_back", ("cat",), ("cat",), pairs, 1))
    assert len(read_manifest(folder)) == 1
    return folder


def test_a_link_out_of_a_dataset_is_refused(data_dir, tmp_path):
    (tmp_path / "secret.png").write_bytes((data_dir / "eps" / "cat.png").read_bytes())
    (data_dir / "eps" / "cat.png").unlink()
    (data_dir / "eps" / "cat.png").symlink_to("../../secret.png")
    with pytest.raises(InputError, match=r"eps/cat\.png is a link out of the dataset's folder"):
        read_manifest(data_dir)


def test_a_linked_folder_of_copies_is_refused(data_dir, tmp_path):
    """Decoded copies would be written over somebody's pictures."""
    (tmp_path / "home").mkdir()
    (data_dir / "decoded").symlink_to(tmp_path / "home")
    with pytest.raises(InputError, match="decoded is a link out of"):
        read_manifest(data_dir)


def test_links_within_a_dataset_and_to_a_dataset_are_fine(data_dir, tmp_path):
    (data_dir / "eps" / "dog.png").symlink_to("cat.png")
    (data_dir / "bg" / "more").symlink_to("../eps", target_is_directory=True)
    (tmp_path / "link").symlink_to(data_dir)
    assert len(read_manifest(tmp_path / "link")) == 1


def test_a_pipe_in_a_dataset_is_refused(data_dir):
    (data_dir / "eps" / "cat.png").unlink()
    os.mkfifo(data_dir / "eps" / "cat.png")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        read_manifest(data_dir)


# Names

EVIL_NAME = "cat\x1b[2J\x1b]0;owned\x07\n\u202egnp"


def test_control_characters_in_a_name_reach_no_terminal(tmp_path):
    error = InputError(f"{EVIL_NAME} does not exist; grün 画 🐈 stay.")
    assert str(error) == (
        "cat\\x1b[2J\\x1b]0;owned\\x07\\n\\u202egnp does not exist; grün 画 🐈 stay."
    )
    assert printable("caf\udce9") == "caf\\udce9"
    assert not is_safe_name(EVIL_NAME)
    for kind in ("alpha", "eps", "bg"):
        for name in ("cat", EVIL_NAME):
            picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
            write_png(
                tmp_path / kind / f"{name}.png", picture[..., 0] if kind == "alpha" else picture
            )
    summary = make_dataset(
        with_values(
            OfflineConfig(),
            out_dir=str(tmp_path / "out"),
            alpha_dir=str(tmp_path / "alpha"),
            eps_dir=str(tmp_path / "eps"),
            bg_dir=str(tmp_path / "bg"),
            workers=1,
            progress=False,
        )
    )
    assert len(summary.refused) == 3
    text = str(summary)
    assert "has a name that not every system can store" in text
    assert printable(text.replace("\n", "")) == text.replace("\n", "")


def test_a_name_that_is_no_utf8_is_named_and_passed_over(tmp_path):
    """One photo among thousands; and the folder itself may have such a name."""
    folder = tmp_path / os.fsdecode(b"photos \xff")
    try:
        for name in ("cat", "dog", os.fsdecode(b"bad \xff")):
            write_png(folder / f"{name}.png", render_texture(1, (300, 300)))
    except InputError:
        pytest.skip("this file system has no such names")
    config = with_values(
        OfflineConfig(),
        out_dir=str(tmp_path / "out"),
        synthetic=1,
        photos_dir=str(folder),
        workers=1,
        progress=False,
    )
    for written in (4, 0):  # the second time all is there already
        summary = make_dataset(config)
        (refusal,) = summary.refused
        assert refusal.endswith(
            "bad \udcff.png has a name that not every system can store; rename it."
        )
        assert (summary.backgrounds, summary.written) == (2, written)


# Flagfiles


def write_flags(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return f"--flagfile={path}"


def test_a_flagfile_gives_its_lines_in_its_place(tmp_path):
    inner = write_flags(
        tmp_path / "inner", "--seed=2", "", "# comment", "// comment", "  --width=1 "
    )
    outer = write_flags(tmp_path / "outer", "--seed=1", inner, "--skip")
    expected = ["--seed=1", "--seed=2", "--width=1", "--skip"]
    assert expand_flagfiles(["--a", outer, "--b"]) == [*expected, "--a", "--b"]
    assert expand_flagfiles(["--flagfile", str(tmp_path / "outer")]) == expected
    assert expand_flagfiles([outer, inner, "--", outer]) == [
        *expected,
        *("--seed=2", "--width=1", "--", outer),
    ]


def test_a_flagfile_that_includes_itself_is_refused(tmp_path):
    first, second = tmp_path / "first.flags", tmp_path / "second.flags"
    write_flags(first, f"--flagfile={tmp_path}/../{tmp_path.name}/second.flags")
    write_flags(second, "--seed=1", f"--flagfile={first}")
    with pytest.raises(InputError, match=r"first\.flags includes itself"):
        expand_flagfiles([f"--flagfile={first}"])


def test_flagfiles_that_double_with_every_level_are_refused(tmp_path):
    for level in range(60):
        line = f"--flagfile={tmp_path / str(level + 1)}"
        write_flags(tmp_path / str(level), line, line)
    write_flags(tmp_path / "60", "--seed=1")
    with pytest.raises(InputError, match="that is too many"):
        expand_flagfiles([f"--flagfile={tmp_path / '0'}"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xff\xfe--seed", "not UTF-8"), (bytes(1_000_001), "more than"), (None, "cannot be read")],
)
def test_a_flagfile_that_is_none_is_refused(tmp_path, content, sentence):
    path = tmp_path / "odd.flags"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        expand_flagfiles([f"--flagfile={path}"])
    for odd in ("/dev/zero", "a\0b", "x" * 5000, "~nobody_there/x"):
        with pytest.raises(InputError):
            expand_flagfiles([f"--flagfile={odd}"])
