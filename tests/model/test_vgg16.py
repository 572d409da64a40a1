import os
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dim_tf.config import NORMALIZED_INPUT_DIVISOR, NetworkConfig
from dim_tf.model import vgg16
from dim_tf.model.architecture import ENCODER_LAYERS
from dim_tf.model.network import build_network
from dim_tf.model.vgg16 import assign_vgg16, normalize_vgg16, read_vgg16
from dim_tf.system.errors import InputError

REAL_FILE = Path(os.environ.get("DIM_TF_DATA", "nowhere"), "data", "vgg16_weights_conv.npz")
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def scaled_vgg16(scale, seed=0):
    """Random arrays with the keys of VGG16 and its channels divided by `scale`."""
    random = np.random.default_rng(seed)
    arrays, channels_in = {}, 3
    for stage, (channels, count) in enumerate(STAGES, start=1):
        for number in range(1, count + 1):
            shape = (3, 3, channels_in, channels // scale)
            kernel = random.normal(size=shape) * np.sqrt(2 / np.prod(shape[:3]))
            arrays[f"conv{stage}_{number}_W"] = kernel.astype(np.float32)
            arrays[f"conv{stage}_{number}_b"] = random.normal(size=shape[3:]).astype(np.float32)
            channels_in = channels // scale
    return arrays


def vgg16_shapes():
    shapes, channels_in = {}, 3
    for stage, (channels, count) in enumerate(STAGES, start=1):
        for number in range(1, count + 1):
            shapes[f"conv{stage}_{number}_W"] = (3, 3, channels_in, channels)
            shapes[f"conv{stage}_{number}_b"] = (channels,)
            channels_in = channels
    return shapes


def write_npz(path, arrays):
    """Stored files of one repeated value compress to nothing and are quick to write."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.asarray(array))
    return str(path)


@pytest.fixture(scope="module")
def constant_arrays():
    """Arrays of VGG16's shapes, each of one value, different from array to array."""
    return {
        key: np.full(shape, number + 1, np.float16)
        for number, (key, shape) in enumerate(vgg16_shapes().items())
    }


def test_file_is_read_by_key_as_float32(constant_arrays, tmp_path):
    extra = {"fc8_W": np.zeros((2, 2)), "fc7_b": np.zeros(2)}
    arrays = read_vgg16(write_npz(tmp_path / "vgg.npz", constant_arrays | extra))
    assert arrays.keys() == constant_arrays.keys()
    for key, array in arrays.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, constant_arrays[key])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("conv4_2_W"), "conv4_2_W is missing"),
        (lambda a: a.update(conv6_1_W=np.zeros(1)), "conv6_1_W is unknown"),
        (
            lambda a: a.update(conv2_1_b=np.zeros(64)),
            r"conv2_1_b has shape \(64,\) instead of \(128,\)",
        ),
        (
            lambda a: a.update(conv1_1_W=np.zeros((3, 3, 4, 64))),
            r"conv1_1_W has shape \(3, 3, 4, 64\) instead of \(3, 3, 3, 64\)",
        ),
        (lambda a: a.update(fc6_b=np.zeros(4096)), "fc6_W is missing"),
        *(
            (lambda a, values=values: a.update(conv1_1_b=values), "conv1_1_b is not of finite numb")
            for values in (
                np.full(64, "x"),
                np.full(64, 1j),
                np.full(64, "2020", "datetime64[D]"),
                np.full(64, np.nan),
                np.full(64, 1e300),
            )
        ),
    ],
    ids=[
        *("missing", "extra", "misshapen", "four_channels", "half_of_fc6"),
        *("text", "complex", "dates", "nan", "too_large"),
    ],
)
def test_arrays_that_do_not_fit_are_named(constant_arrays, tmp_path, change, message):
    arrays = dict(constant_arrays)
    change(arrays)
    with pytest.raises(InputError, match=rf"vgg\.npz does not hold VGG16: {message}"):
        read_vgg16(write_npz(tmp_path / "vgg.npz", arrays))


def test_fc6_is_reshaped_from_frossards_matrix(constant_arrays, tmp_path, monkeypatch):
    monkeypatch.setattr(vgg16, "_FC6_SHAPE", (7, 7, 2, 3))
    matrix = np.arange(7 * 7 * 2 * 3, dtype=np.float32).reshape(98, 3)
    arrays = constant_arrays | {"fc6_W": matrix, "fc6_b": np.zeros(3)}
    read = read_vgg16(write_npz(tmp_path / "vgg.npz", arrays))
    np.testing.assert_array_equal(read["fc6_W"], matrix.reshape(7, 7, 2, 3))


def test_missing_and_foreign_files_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.npz does not exist"):
        read_vgg16(str(tmp_path / "nothing.npz"))
    (tmp_path / "text.npz").write_text("no npz")
    with pytest.raises(InputError, match=r"text\.npz is not a readable npz file"):
        read_vgg16(str(tmp_path / "text.npz"))
    with pytest.raises(InputError, match="is not a readable npz file"):
        read_vgg16(str(tmp_path))


def test_pickled_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "evil.npz", conv1_1_W=np.array([{"a": 1}], object))
    with pytest.raises(InputError, match=r"evil\.npz is not a readable npz file"):
        read_vgg16(str(tmp_path / "evil.npz"))


def test_damaged_compressed_file_is_refused(tmp_path):
    random = np.random.default_rng(0).normal(size=5000)
    path = Path(write_npz(tmp_path / "damaged.npz", {"conv1_1_W": random}))
    content = path.read_bytes()
    for place in range(40, len(content), len(content) // 40):
        altered = bytearray(content)
        altered[place] ^= 0xFF
        path.write_bytes(altered)
        with pytest.raises(InputError, match=r"damaged\.npz"):
            read_vgg16(str(path))


def narrow_network(scale=16, **changes):
    return build_network(NetworkConfig(width=1 / scale, fc6="1x1", **changes))


def test_arrays_are_assigned_exactly_and_the_trimap_slice_is_zero():
    network, weights = narrow_network(), scaled_vgg16(16)
    conv6_1 = network.get_layer("conv6_1").kernel.numpy()
    assert assign_vgg16(network, weights) == list(ENCODER_LAYERS)
    for name in ENCODER_LAYERS:
        kernel = network.get_layer(name).kernel.numpy()
        if name == "conv1_1":
            np.testing.assert_array_equal(kernel[:, :, 3], 0)
            kernel = kernel[:, :, :3]
        np.testing.assert_array_equal(kernel, weights[f"{name}_W"])
        np.testing.assert_array_equal(network.get_layer(name).biases, weights[f"{name}_b"])
    np.testing.assert_array_equal(network.get_layer("conv6_1").kernel, conv6_1)


def test_fc6_is_assigned_where_the_network_has_it(monkeypatch):
    network = build_network(NetworkConfig(width=1 / 64, fc6="7x7"))
    monkeypatch.setattr(vgg16, "_FC6_SHAPE", (7, 7, 8, 64))
    fc6 = np.random.default_rng(1).normal(size=(7, 7, 8, 64)).astype(np.float32)
    weights = scaled_vgg16(64) | {"fc6_W": fc6, "fc6_b": np.arange(64, dtype=np.float32)}
    assert assign_vgg16(network, weights) == [*ENCODER_LAYERS, "conv6_1"]
    np.testing.assert_array_equal(network.get_layer("conv6_1").kernel, fc6)
    np.testing.assert_array_equal(network.get_layer("conv6_1").biases, np.arange(64))


def test_a_wider_network_is_refused():
    with pytest.raises(InputError, match="--width=1 or less"):
        assign_vgg16(narrow_network(8), scaled_vgg16(16))


def literal_encoder(weights, x):
    """VGG16's convolutions: the output of each layer, with max pooling before each stage."""
    outputs = []
    for name in ENCODER_LAYERS:
        if name.endswith("_1") and name != "conv1_1":
            x = tf.nn.max_pool2d(x, 2, 2, "SAME")
        x = tf.nn.relu(tf.nn.conv2d(x, weights[f"{name}_W"], 1, "SAME") + weights[f"{name}_b"])
        outputs.append(x)
    return outputs


def encoder_outputs(network, x):
    outputs = [network.get_layer(name).output for name in ENCODER_LAYERS]
    return keras.Model(network.input, outputs)(x)


def photo(seed=0, batch=2):
    random = np.random.default_rng(seed)
    colours = random.uniform(-120, 130, (batch, 32, 64, 3))
    trimap = random.choice([0, 128, 255], (batch, 32, 64, 1))
    return np.concatenate([colours, trimap], axis=-1).astype(np.float32)


def test_encoder_computes_what_vgg16_computes():
    network, weights = narrow_network(), scaled_vgg16(16)
    assign_vgg16(network, weights)
    inputs = photo()
    expected = literal_encoder(weights, inputs[..., :3])
    for actual, output in zip(encoder_outputs(network, inputs), expected, strict=True):
        np.testing.assert_allclose(actual, output, rtol=1e-3, atol=1e-2)


def test_a_narrower_network_gets_the_strongest_filters_and_their_inputs():
    """As if the weaker filters' outputs were set to zero in the whole VGG16."""
    network, weights = narrow_network(32), scaled_vgg16(16)
    assign_vgg16(network, weights)
    silenced, kept = dict(weights), {}
    removed_inputs = []
    for name in ENCODER_LAYERS:
        kernel = silenced[f"{name}_W"].copy()
        kernel[:, :, removed_inputs] = 0
        strength = [np.linalg.norm(kernel[..., i]) for i in range(kernel.shape[-1])]
        kept[name] = sorted(
            sorted(range(len(strength)), key=lambda i: -strength[i])[: len(strength) // 2]
        )
        removed_inputs = [i for i in range(len(strength)) if i not in kept[name]]
        kernel[..., removed_inputs] = 0
        bias = silenced[f"{name}_b"].copy()
        bias[removed_inputs] = 0
        silenced |= {f"{name}_W": kernel, f"{name}_b": bias}
    inputs = photo()
    expected = literal_encoder(silenced, inputs[..., :3])
    actual = encoder_outputs(network, inputs)
    for name, ours, theirs in zip(ENCODER_LAYERS, actual, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy()[..., kept[name]], rtol=1e-3, atol=1e-2)


def zero_trimap_slice(network):
    layer = network.get_layer("conv1_1")
    kernel = layer.kernel.numpy()
    kernel[:, :, 3] = 0
    layer.kernel.assign(kernel)


def test_normalizing_keeps_the_function_of_the_photo_up_to_a_factor():
    network, weights = narrow_network(normalize_input=True), scaled_vgg16(16)
    assigned = assign_vgg16(network, weights)
    examples = photo(seed=1)
    measured = normalize_vgg16(network, assigned, examples, seed=3)
    assert list(measured) == list(ENCODER_LAYERS)
    zero_trimap_slice(network)
    raw = literal_encoder(weights, examples[..., :3])
    for name, output in zip(ENCODER_LAYERS, raw, strict=True):
        np.testing.assert_allclose(measured[name], np.sqrt(np.mean(output**2)), rtol=1e-4)
    for name, output in zip(ENCODER_LAYERS, encoder_outputs(network, examples), strict=True):
        np.testing.assert_allclose(np.sqrt(np.mean(output**2)), 1.0, rtol=1e-4, err_msg=name)
    other = photo(seed=2)  # not what was measured on
    expected = literal_encoder(weights, other[..., :3])
    for name, ours, theirs in zip(
        ENCODER_LAYERS, encoder_outputs(network, other), expected, strict=True
    ):
        np.testing.assert_allclose(
            ours, theirs / measured[name], rtol=1e-3, atol=1e-4, err_msg=name
        )


def test_normalizing_includes_conv6_1_where_it_was_loaded(monkeypatch):
    network = build_network(NetworkConfig(width=1 / 64, fc6="7x7", normalize_input=True))
    monkeypatch.setattr(vgg16, "_FC6_SHAPE", (7, 7, 8, 64))
    fc6 = np.random.default_rng(1).normal(size=(7, 7, 8, 64)).astype(np.float32)
    weights = scaled_vgg16(64) | {"fc6_W": fc6, "fc6_b": np.ones(64, np.float32)}
    inputs = photo()
    measured = normalize_vgg16(network, assign_vgg16(network, weights), inputs, seed=3)
    zero_trimap_slice(network)
    pooled = tf.nn.max_pool2d(literal_encoder(weights, inputs[..., :3])[-1], 2, 2, "SAME")
    expected = tf.nn.relu(tf.nn.conv2d(pooled, fc6, 1, "SAME") + 1.0)
    actual = keras.Model(network.input, network.get_layer("conv6_1").output)(inputs)
    np.testing.assert_allclose(actual, expected / measured["conv6_1"], rtol=1e-3, atol=1e-4)


def test_normalizing_starts_the_trimap_slice_at_random_by_seed():
    def trimap_slice(seed):
        network = narrow_network(normalize_input=True)
        assigned = assign_vgg16(network, scaled_vgg16(16))
        examples = photo()
        kept = examples.copy()
        normalize_vgg16(network, assigned, examples, seed)
        np.testing.assert_array_equal(examples, kept)
        return network.get_layer("conv1_1").kernel.numpy()[:, :, 3]

    first = trimap_slice(1)
    np.testing.assert_array_equal(first, trimap_slice(1))
    assert np.all(first != trimap_slice(2))
    assert 0.5 < first.std() / np.sqrt(2 / 36) < 2
    assert NORMALIZED_INPUT_DIVISOR == 64


def test_normalizing_survives_a_silent_layer():
    network, weights = narrow_network(normalize_input=True), scaled_vgg16(16)
    weights["conv3_2_b"] = np.full_like(weights["conv3_2_b"], -1e9)
    normalize_vgg16(network, assign_vgg16(network, weights), photo(), seed=1)
    assert all(np.isfinite(variable).all() for variable in network.variables)


@pytest.mark.slow
@pytest.mark.skipif(
    not REAL_FILE.is_file(), reason="DIM_TF_DATA does not hold data/vgg16_weights_conv.npz"
)
def test_the_real_file_fits_and_normalizes():
    weights = read_vgg16(str(REAL_FILE))
    network = narrow_network(8, normalize_input=True)
    assigned = assign_vgg16(network, weights)
    inputs = photo()
    normalize_vgg16(network, assigned, inputs, seed=1)
    zero_trimap_slice(network)
    for output in encoder_outputs(network, inputs):
        np.testing.assert_allclose(np.sqrt(np.mean(output**2)), 1.0, rtol=1e-3)


class FakeKerasLayer:
    def __init__(self, *weights):
        self._weights = weights

    def get_weights(self):
        return list(self._weights)


def test_weights_of_keras_applications_come_from_bgr_to_rgb(monkeypatch):
    weights = {
        key: np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        for key, shape in vgg16_shapes().items()
    }
    layers = {
        f"block{name[4]}_conv{name[6]}": FakeKerasLayer(weights[f"{name}_W"], weights[f"{name}_b"])
        for name in ENCODER_LAYERS
    }
    layers["fc1"] = FakeKerasLayer(np.zeros((25088, 4096), np.float32), np.zeros(4096, np.float32))
    model = type("Model", (), {"get_layer": staticmethod(layers.get)})
    monkeypatch.setattr(keras.applications, "VGG16", lambda **arguments: model)
    read = read_vgg16("keras")
    np.testing.assert_array_equal(read["conv1_1_W"], weights["conv1_1_W"][:, :, ::-1])
    np.testing.assert_array_equal(read["conv5_3_W"], weights["conv5_3_W"])
    assert read["fc6_W"].shape == (7, 7, 512, 4096)
