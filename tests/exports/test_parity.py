"""An exported file gives what `predict_alpha` gives: the network alone, in float32."""

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB
from dim_tf.exports.contract import ALPHA, RGB, SCALE, TRIMAP
from dim_tf.exports.export import export_network
from dim_tf.matting.post_process import certainty_of
from dim_tf.matting.predict import load_model
from dim_tf.model import layers
from dim_tf.model.checkpoint_choice import find_checkpoint
from dim_tf.model.layers import max_pool_with_argmax
from dim_tf.model.weights import load_network
from dim_tf.model.weights_file import read_arrays
from dim_tf.synthetic import foreground_colours, render_matte, render_texture
from dim_tf.trimaps.from_matte import trimap_from_alpha

KINDS = ("saved_model", "onnx", "litert")
SIZES = [(320, 320), (480, 736), pytest.param((1024, 1024), marks=pytest.mark.release)]
NETWORKS = {
    "plain": {"batch_norm": False},
    "batch norm": {},
    "statistics of the photo": {"bn_eval": "batch"},
    "skip": {"skip": True, "normalize_input": True},
    "refinement": {"refine": True},
    "refinement, normalized": {"refine": True, "normalize_input": True, "certainty": True},
    "certainty": {"skip": True, "certainty": True},
    "deconv": {"decoder": "deconv"},
    "deconv, plain": {"decoder": "deconv", "batch_norm": False, "skip": True},
    "deconv, statistics of the photo": {"decoder": "deconv", "bn_eval": "batch"},
    "fc6 3x3": {"fc6": "3x3"},
}
# Every kind of layer is in one of these; the others combine them in other ways.
IN_EVERY_RUN = ("plain", "statistics of the photo", "refinement, normalized", "certainty", "deconv")


def photo_and_trimap(height, width):
    """A procedural photo, unknown from corner to corner, so that one pass sees all of it."""
    side = max(height, width)
    matte = render_matte("fur", 5, side)
    share = matte[..., None] / 255.0
    rgb = share * foreground_colours(matte, [], 5) + (1 - share) * render_texture(5, (side, side))
    trimap = trimap_from_alpha(matte, 25).numpy()[:height, :width]
    trimap[0, 0] = trimap[-1, -1] = 128
    return rgb.astype(np.uint8)[:height, :width], trimap


def feed(rgb, trimap):
    return {RGB: np.float32(rgb)[None], TRIMAP: np.float32(trimap)[None, ..., None]}


def assert_equal_outputs(model, outputs, rgb, trimap, share_beyond=0.0):
    """All but a share of the pixels within 1e-4."""
    expected = model.predict_alpha(rgb, trimap, return_certainty=model.config.certainty)
    assert set(outputs) == ({ALPHA, SCALE} if model.config.certainty else {ALPHA})
    for output in outputs.values():
        assert output.shape == (1, *trimap.shape, 1)
        assert output.dtype == np.float32
    if model.config.certainty:
        expected, certainty = expected
        sure = certainty_of(outputs[SCALE][0, ..., 0])
        assert (np.abs(sure - certainty) > 1e-3).mean() <= share_beyond
    difference = np.abs(outputs[ALPHA][0, ..., 0] - expected)
    assert difference.mean() < 1e-5
    assert (difference > 1e-4).mean() <= share_beyond
    assert difference.max() < 0.05
    assert np.ptp(expected[trimap == 128]) > 0.01  # else all would be equal


def onnx_operations_are_standard(file):
    import onnx

    model = onnx.load(file)
    domains = [*model.opset_import, *model.graph.node]
    return model.graph.node and {part.domain for part in domains} == {""}


def litert_operations_are_built_in(file):
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    return model.operatorCodes and all(code.customCode is None for code in model.operatorCodes)


# Runtimes have no others; of a SavedModel tests/exports/test_files.py asks.
OPERATIONS_ARE_BUILT_IN = {
    "onnx": onnx_operations_are_standard,
    "litert": litert_operations_are_built_in,
}


# A SavedModel is the network as TensorFlow has it, whatever kind of network it is.
@pytest.mark.parametrize(
    "kind, name",
    [
        pytest.param(kind, name, marks=() if name in IN_EVERY_RUN else pytest.mark.slow)
        for kind in ("onnx", "litert")
        for name in NETWORKS
    ]
    + [("saved_model", "certainty"), ("saved_model", "deconv")],
)
def test_every_network(kind, name, needs, save_random_network, run_export, tmp_path):
    needs(kind)
    checkpoint = save_random_network(**NETWORKS[name])
    file = export_network(tmp_path / "out", kind, checkpoint)
    if kind in OPERATIONS_ARE_BUILT_IN:
        assert OPERATIONS_ARE_BUILT_IN[kind](file)
    model = load_model(checkpoint, post_process="none")
    for size in ((64, 96), (32, 160)):
        rgb, trimap = photo_and_trimap(*size)
        outputs = run_export(kind, file, **feed(rgb, trimap))
        assert_equal_outputs(model, outputs, rgb, trimap)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fixed_size(kind, needs, tiny_checkpoint, tiny_model, run_export, tmp_path):
    needs(kind)
    file = export_network(tmp_path / "out", kind, tiny_checkpoint, size=(64, 96))
    rgb, trimap = photo_and_trimap(64, 96)
    outputs = run_export(kind, file, **feed(rgb, trimap))
    assert_equal_outputs(tiny_model, outputs, rgb, trimap)
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "The size is fixed: 64 × 96." in readme
    if kind == "onnx":
        with pytest.raises(Exception, match="96"):
            run_export(kind, file, **feed(*photo_and_trimap(96, 96)))


@pytest.mark.parametrize("statistics", ["moving", "batch"])
def test_the_statistics_can_be_chosen(statistics, needs, tiny_checkpoint, run_export, tmp_path):
    needs("onnx")
    file = export_network(tmp_path / "out", "onnx", tiny_checkpoint, bn_eval=statistics)
    model = load_model(tiny_checkpoint, bn_eval=statistics, post_process="none")
    rgb, trimap = photo_and_trimap(64, 64)
    assert_equal_outputs(model, run_export("onnx", file, **feed(rgb, trimap)), rgb, trimap)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_weights(kind, size, needs, run_export, tmp_path):
    """Within 1e-4 but for some pixels in ten thousand, around blocks of equal maxima: see below."""
    needs(kind)
    file = export_network(tmp_path / "out", kind)
    rgb, trimap = photo_and_trimap(*size)
    outputs = run_export(kind, file, **feed(rgb, trimap))
    share = 0.0 if kind == "saved_model" else 5e-4
    assert_equal_outputs(load_model(post_process="none"), outputs, rgb, trimap, share)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_only_equal_maxima_make_a_difference(size, needs, monkeypatch):
    """With the places that onnxruntime's poolings took, TensorFlow gives the same everywhere.

    They are others only where values of a block are equal but for rounding, in a few blocks of
    millions; the original's own graph does so on another processor (docs/fidelity.md).
    """
    needs("onnx")
    inputs = network_inputs(*photo_and_trimap(*size))
    expected, masks = onnx_output_and_masks(inputs, monkeypatch)
    network, _, _ = load_network(find_checkpoint(), for_training=False)
    swapped, others = [], iter(masks)

    def pool_at_places_of_the_other(x):
        maximum, mask = max_pool_with_argmax(x)
        other = np.moveaxis(next(others), 1, -1)
        phases = np.stack(np.split(tf.nn.space_to_depth(x, 2).numpy(), 4, axis=-1))
        taken = np.stack(np.split(other, 4, axis=-1))
        loss = maximum.numpy() - np.where(taken, phases, 0).sum(axis=0)
        assert loss.max() <= 1e-5 * np.abs(x).max()
        swapped.append(np.mean(other != mask.numpy()))
        return maximum, tf.constant(other)

    monkeypatch.setattr(layers, "max_pool_with_argmax", pool_at_places_of_the_other)
    output = network(inputs, training=False).numpy()
    assert max(swapped) < 1e-4
    assert np.abs(output[..., 0] - expected).max() < 1e-4


def network_inputs(rgb, trimap):
    return np.dstack([rgb - np.float32(IMAGE_MEAN_RGB), np.float32(trimap)])[None]


def onnx_output_and_masks(inputs, monkeypatch):
    """Alpha of the shipped weights, [1, H, W], and the five poolings' masks, [1, 4C, H, W] each."""
    import onnx
    import onnxruntime

    from dim_tf.exports import onnx_graph, onnx_layers

    names = []
    pool = onnx_layers.Network._max_pool_with_argmax

    def noting(network, x):
        maximum, mask = pool(network, x)
        names.append(mask)
        return maximum, mask

    monkeypatch.setattr(onnx_layers.Network, "_max_pool_with_argmax", noting)
    arrays, config, _ = read_arrays(find_checkpoint(), "network/")
    model = onnx_graph.network_graph(arrays, config, "moving", "weights")
    boolean = onnx.TensorProto.BOOL
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, boolean, None) for name in names
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = {onnx_graph.NETWORK_INPUT: np.moveaxis(inputs, -1, 1)}
    alpha, *masks = session.run([ALPHA, *names], given)
    return alpha[:, 0], masks
