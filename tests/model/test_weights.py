import dataclasses
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from dim_tf.config import NetworkConfig
from dim_tf.model.network import build_network
from dim_tf.model.weights import (
    assign_network_arrays,
    load_network,
    network_arrays,
    read_arrays,
    save_weights,
    write_arrays,
)
from dim_tf.model.weights_file import DamagedFileError
from dim_tf.system.errors import InputError

CONFIG = NetworkConfig(width=1 / 64, fc6="1x1", skip=True, bn_eval="batch")
ABOUT = {"steps": 12, "licence": "CC0 – ö"}


@pytest.fixture(scope="module")
def network():
    network = build_network(CONFIG)
    random = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(random.normal(size=variable.shape).astype(np.float32))
    return network


@pytest.fixture(scope="module")
def content(network, tmp_path_factory):
    """The bytes of a weights file."""
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    save_weights(path, network, CONFIG, ABOUT, half=False)
    return path.read_bytes()


def test_round_trip_is_exact(network, content, tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    loaded, config, about = load_network(path)
    assert (config, about) == (CONFIG, ABOUT)
    assert network_arrays(loaded).keys() == network_arrays(network).keys()
    for name, array in network_arrays(network).items():
        np.testing.assert_array_equal(network_arrays(loaded)[name], array)


def test_half_precision_rounds_kernels_and_keeps_the_rest(network, content, tmp_path):
    path = tmp_path / "half.npz"
    save_weights(path, network, CONFIG, ABOUT)
    assert path.stat().st_size < len(content)
    loaded, _, _ = load_network(path)
    for name, array in network_arrays(network).items():
        actual = network_arrays(loaded)[name]
        assert actual.dtype == np.float32
        if array.ndim > 1:
            np.testing.assert_allclose(actual, array, rtol=2**-11, atol=2**-24)
        else:
            np.testing.assert_array_equal(actual, array)


def test_weights_beyond_half_precision_are_refused(tmp_path):
    network = build_network(CONFIG)
    kernel = network.get_layer("conv1_1").kernel
    kernel.assign(kernel + 70_000)
    with pytest.raises(InputError, match="conv1_1/weights has values beyond half precision"):
        save_weights(tmp_path / "weights.npz", network, CONFIG, ABOUT)
    assert not list(tmp_path.iterdir())
    save_weights(tmp_path / "weights.npz", network, CONFIG, ABOUT, half=False)


def test_build_arguments_reach_the_network(content, tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    for statistics in ("moving", "batch"):
        network, _, _ = load_network(path, inference_statistics=statistics)
        assert network.get_layer("deconv6").inference_statistics == statistics


def load_bytes(content, path):
    path.write_bytes(content)
    return read_arrays(path)


def same(actual, expected):
    arrays, config, about = actual
    return (
        (config, about) == expected[1:]
        and arrays.keys() == expected[0].keys()
        and all(np.array_equal(arrays[name], expected[0][name]) for name in arrays)
    )


def test_every_truncation_is_noticed(content, tmp_path):
    for length in [0, 1, 3, 4, 100, *range(0, len(content), len(content) // 20)]:
        with pytest.raises(DamagedFileError, match=r"short\.npz"):
            load_bytes(content[:length], tmp_path / "short.npz")


def alterations(content):
    """(place, bits to flip): a sample from all over the file, and much of what is not pixels.

    A member beyond 4096 bytes is read piece by piece, so its header is looked at more closely: a
    reader that believes it would see an array of another size or type before any checksum.
    """
    sample = range(0, len(content), max(1, len(content) // 200))
    directory = content.rfind(b"PK\x05\x06")
    first_entry = content.find(b"PK\x01\x02")
    yield from ((place, 0xFF) for place in sample)
    yield from ((place, 0x08) for place in range(first_entry, first_entry + 60))
    yield from ((place, 0x01) for place in range(directory, len(content)))
    members = zipfile.ZipFile(io.BytesIO(content)).infolist()
    (large,) = (info for info in members if info.filename == "network/deconv5_2/weights.npy")
    assert large.file_size > 4096
    header = content.index(b"'descr'", large.header_offset)
    for change in (0x01, 0x06, 0x08):
        yield from ((place, change) for place in range(header - 12, header + 70))


@pytest.mark.slow
def test_an_altered_byte_is_noticed_or_harmless(content, tmp_path):
    path = tmp_path / "altered.npz"
    expected = load_bytes(content, path)
    refused = 0
    for place, change in alterations(content):
        altered = bytearray(content)
        altered[place] ^= change
        try:
            actual = load_bytes(bytes(altered), path)
        except DamagedFileError:
            refused += 1
        else:
            assert same(actual, expected), f"byte {place}"
    assert refused > 300


@pytest.mark.parametrize(
    "content",
    [b"", b"no npz at all", pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(60), bytes(1000)],
    ids=["empty", "text", "pickle", "zip_magic", "zeros"],
)
def test_other_files_are_refused_by_name(content, tmp_path):
    with pytest.raises(DamagedFileError, match=r"odd\.npz is damaged or no checkpoint"):
        load_bytes(content, tmp_path / "odd.npz")


def test_a_plain_array_file_is_refused(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    with pytest.raises(DamagedFileError, match=r"odd\.npz"):
        load_bytes(buffer.getvalue(), tmp_path / "odd.npz")


class Trap:
    """Unpickling one would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_pickled_arrays_are_refused_and_never_run(network, tmp_path):
    texts = {
        name: np.frombuffer(json.dumps(value).encode(), np.uint8)
        for name, value in (("config", dataclasses.asdict(CONFIG)), ("about", {}))
    }
    marker = tmp_path / "executed"
    np.savez(tmp_path / "evil.npz", **texts, **{"network/a": np.array([Trap(marker)], object)})
    with pytest.raises(DamagedFileError, match=r"evil\.npz"):
        read_arrays(tmp_path / "evil.npz")
    assert not marker.exists()


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no checkpoint .*nothing\.npz") as caught:
        read_arrays(tmp_path / "nothing.npz")
    assert not isinstance(caught.value, DamagedFileError)


@pytest.mark.parametrize(
    "config", [{"width": -1}, {"width": "wide"}, {"fc6": "9x9"}, {"unheard_of": 1}, []]
)
def test_impossible_config_is_refused(tmp_path, config):
    texts = {
        name: np.frombuffer(json.dumps(value).encode(), np.uint8)
        for name, value in (("config", config), ("about", {}))
    }
    np.savez(tmp_path / "odd.npz", **texts)
    with pytest.raises(DamagedFileError, match=r"odd\.npz"):
        read_arrays(tmp_path / "odd.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda arrays: arrays.pop("network/conv3_2/weights"),
            "network/conv3_2/weights is missing",
        ),
        (
            lambda arrays: arrays.update({"network/fc7/weights": np.zeros(2)}),
            "network/fc7/weights is unknown",
        ),
        (
            lambda arrays: arrays.update({"network/deconv6/gamma": np.zeros(3)}),
            r"network/deconv6/gamma has shape \(3,\) instead of \(8,\)",
        ),
        (
            lambda arrays: arrays.update({"network/deconv6/gamma": np.full(8, np.nan)}),
            "network/deconv6/gamma is not of finite numbers",
        ),
        (
            lambda arrays: arrays.update({"network/deconv6/gamma": np.full(8, "1.0")}),
            "network/deconv6/gamma is not of finite numbers",
        ),
    ],
    ids=["missing", "extra", "misshapen", "nan", "text"],
)
def test_arrays_that_do_not_fit_are_named(network, tmp_path, change, message):
    arrays = network_arrays(network)
    change(arrays)
    write_arrays(tmp_path / "odd.npz", arrays, CONFIG, {})
    with pytest.raises(DamagedFileError, match=rf"odd\.npz does not fit its network: {message}"):
        load_network(tmp_path / "odd.npz")


def test_arrays_that_do_not_fit_leave_the_network_as_it_was(network):
    other = build_network(CONFIG)
    before = network_arrays(other)
    arrays = network_arrays(network)
    arrays["network/pred_alpha/biases"] = np.zeros(9)
    with pytest.raises(DamagedFileError):
        assign_network_arrays(other, arrays, "odd.npz")
    for name, array in before.items():
        np.testing.assert_array_equal(network_arrays(other)[name], array)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(network, tmp_path):
    path = tmp_path / "weights.npz"
    save_weights(path, network, CONFIG, ABOUT)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_arrays(path, {}, CONFIG, {"not": {"json"}})
    with pytest.raises(AttributeError):
        write_arrays(path, {"a": Unreadable()}, CONFIG, {})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["weights.npz"]


class Unreadable:
    """What numpy cannot turn into an array."""

    def __array__(self, *arguments, **keywords):
        raise AttributeError("no array")
