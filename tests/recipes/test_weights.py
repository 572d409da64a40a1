import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dim_tf.config import NetworkConfig
from dim_tf.model.network import alpha_and_log_scale
from dim_tf.model.weights import load_network, network_arrays, read_arrays
from dim_tf.system.errors import InputError
from recipes.accelerated.losses import LOG_SCALE_RANGE
from recipes.accelerated.network import Network
from recipes.accelerated.weights import arrays_of, network_of, read_weights, write_weights
from tests.recipes.conftest import SHIPPED


def rewrite(source, path, change):
    """Writes the file with its members changed by a function of the dict."""
    with np.load(source) as file:
        members = dict(file)
    np.savez(path, **change(members))
    return path


def text(value):
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def with_config(**values):
    def change(members):
        config = json.loads(members["config"].tobytes().decode())
        return members | {"config": text(config | values)}

    return change


def test_written_and_read_back_to_the_bit(weights_file, tmp_path):
    first = read_weights(weights_file)
    network = network_of(first, weights_file)
    write_weights(tmp_path / "again.npz", network, first.config, {"step": 7})
    with np.load(weights_file) as before, np.load(tmp_path / "again.npz") as after:
        assert set(before.files) == set(after.files)
        assert json.loads(after["about"].tobytes()) == {"step": 7}
        for name in set(before.files) - {"about"}:
            assert before[name].dtype == after[name].dtype, name
            assert before[name].tobytes() == after[name].tobytes(), name


def test_the_file_is_as_dim_tf_writes_them(weights_file):
    with np.load(weights_file) as file:
        config = json.loads(file["config"].tobytes())
        assert config["certainty"] is True
        assert file["network/pred_scale/weights"].shape == (5, 5, 4, 1)
        assert file["network/pred_scale/biases"].dtype == np.float32
        for name in file.files:
            if name.endswith("/weights"):
                assert file[name].dtype == np.float16, name
            elif name.startswith("network/"):
                assert file[name].dtype == np.float32, name


def test_dim_tf_loads_the_file_and_predicts_the_same(weights_file):
    arrays, config, _ = read_arrays(weights_file)
    assert config == NetworkConfig(width=1 / 16, certainty=True, **SHIPPED)
    keras_network, _, _ = load_network(weights_file)
    network = network_of(read_weights(weights_file), weights_file).eval()
    theirs, ours = network_arrays(keras_network), arrays_of(network)
    assert theirs.keys() == arrays.keys() == {f"network/{name}" for name in ours}
    for name, array in ours.items():
        np.testing.assert_array_equal(theirs[f"network/{name}"], array)
    inputs = np.random.default_rng(0).uniform(-127, 128, (1, 64, 96, 4)).astype(np.float32)
    alpha, log_scale = alpha_and_log_scale(keras_network(inputs, training=False))
    with torch.no_grad():
        found = network(torch.from_numpy(inputs.transpose(0, 3, 1, 2).copy()))
    np.testing.assert_allclose(found[0][0, 0], alpha[0, ..., 0], atol=1e-4)
    clipped = found[1].clamp(*LOG_SCALE_RANGE)
    np.testing.assert_allclose(clipped[0, 0], log_scale[0, ..., 0], atol=1e-4)
    assert np.ptp(log_scale) > 0.1


def test_the_old_place_of_the_head_is_read(weights_file, tmp_path):
    path = rewrite(
        weights_file,
        tmp_path / "old.npz",
        lambda members: {
            name.replace("network/pred_scale", "scale/pred_scale"): array
            for name, array in members.items()
        },
    )
    old, new = (arrays_of(network_of(read_weights(p), p)) for p in (path, weights_file))
    for name, array in new.items():
        np.testing.assert_array_equal(old[name], array)


def test_without_a_head_it_begins_knowing_nothing(weights_file, tmp_path):
    path = rewrite(
        weights_file,
        tmp_path / "headless.npz",
        lambda members: {n: a for n, a in members.items() if "pred_scale" not in n},
    )
    network = network_of(read_weights(path), path)
    assert not network.pred_scale.weight.any()
    assert network.pred_scale.bias.item() == -2.5


def without(name):
    return lambda members: {n: a for n, a in members.items() if n != name}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_config(fc6="7x7"), "fc6=7x7"),
        (with_config(skip=False, decoder="deconv"), "decoder=deconv, skip=False"),
        (with_config(width=40.0), "width 40"),
        (with_config(width="wide"), "is no weights file"),
        (with_config(width=1 / 8), "has shape"),
        (without("config"), "is no weights file"),
        (without("network/conv1_1/weights"), "conv1_1/weights is missing"),
        (without("network/pred_scale/biases"), "pred_scale/biases is missing"),
        (lambda m: m | {"network/conv9/biases": np.zeros(1)}, "conv9/biases is unknown"),
        (
            lambda m: m | {"network/conv6_1/biases": m["network/conv6_1/biases"] * np.nan},
            "conv6_1/biases is not of finite numbers",
        ),
    ],
)
def test_what_does_not_fit_is_told(weights_file, tmp_path, change, told):
    path = rewrite(weights_file, tmp_path / "other.npz", change)
    with pytest.raises(InputError, match=told):
        network_of(read_weights(path), path)


def test_damaged_and_missing_files_are_told(weights_file, tmp_path):
    content = weights_file.read_bytes()
    (tmp_path / "short.npz").write_bytes(content[: len(content) // 2])
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    (tmp_path / "changed.npz").write_bytes(changed)
    for name in ("short.npz", "changed.npz"):
        with pytest.raises(InputError, match="is damaged or no weights file"):
            read_weights(tmp_path / name)
    with pytest.raises(InputError, match="There is no weights file"):
        read_weights(tmp_path / "none.npz")
    with pytest.raises(InputError, match="is a folder"):
        read_weights(tmp_path)


@pytest.mark.parametrize("value", [1e6, torch.nan])
def test_what_half_precision_cannot_hold_is_not_written(weights, tmp_path, value):
    network = Network(1 / 16)
    with torch.no_grad():
        network.conv1_1.weight[0, 0, 0, 0] = value
    with pytest.raises(InputError, match="conv1_1/weights has values beyond half precision"):
        write_weights(tmp_path / "bad.npz", network, weights.config, {})
    assert not list(tmp_path.iterdir())
