import keras
import numpy as np
import pytest

from dim_tf.config import NetworkConfig
from dim_tf.model.network import build_network
from dim_tf.model.run_folder import best_path, checkpoint_path, list_checkpoints
from dim_tf.model.weights import read_arrays, write_arrays
from dim_tf.system.errors import InputError
from dim_tf.training.checkpoints import difference, restore_newest, save_checkpoint

CONFIG = NetworkConfig(width=1 / 64, fc6="1x1")


def make_state(seed):
    """A network and its optimizer with random values everywhere."""
    network = build_network(CONFIG)
    optimizer = keras.optimizers.Adam(1e-3, name="adam")
    optimizer.build(network.trainable_variables)
    random = np.random.default_rng(seed)
    for variable in [*network.variables, *optimizer.variables]:
        value = random.uniform(0, 100, variable.shape)
        variable.assign(value.astype(variable.dtype))
    return network, optimizer


@pytest.fixture(scope="module")
def states():
    return make_state(1), make_state(2)


SETTINGS = {"settings": {"seed": 1}}


def values(state):
    network, optimizer = state
    return [variable.numpy() for variable in [*network.variables, *optimizer.variables]]


def assert_same(state, expected):
    for array, other in zip(values(state), expected, strict=True):
        np.testing.assert_array_equal(array, other)


def save(run_dir, state, step, keep=3, every=1):
    progress = {"step": step, "best": None, **SETTINGS}
    return save_checkpoint(run_dir, *state, CONFIG, progress, keep, every)


def names(run_dir):
    return [path.name for path in list_checkpoints(run_dir)]


def test_everything_comes_back_to_the_last_bit(states, tmp_path):
    source, target = states
    save_checkpoint(
        tmp_path, *source, CONFIG, {"step": 7, "best": {"SAD": 0.1}, **SETTINGS}, keep=3, every=1
    )
    assert restore_newest(tmp_path, *target, CONFIG, {"seed": 1}) == {
        "step": 7,
        "best": {"SAD": 0.1},
        **SETTINGS,
    }
    assert_same(target, values(source))


def test_every_variable_of_the_optimizer_is_stored_under_its_own_name(states, tmp_path):
    network, optimizer = states[0]
    arrays, _, _ = read_arrays(save(tmp_path, states[0], 1))
    stored = [name for name in arrays if name.startswith("optimizer/")]
    assert len(stored) == len(optimizer.variables) == 2 + 2 * len(network.trainable_variables)


def test_a_run_without_checkpoints_restores_nothing(states, tmp_path):
    before = values(states[0])
    assert restore_newest(tmp_path, *states[0], CONFIG, {"seed": 1}) is None
    assert_same(states[0], before)


def test_only_the_newest_are_kept_and_the_best_beside_them(states, tmp_path):
    write_arrays(best_path(tmp_path), {}, CONFIG, {})
    for step in (5, 10, 99_999_995, 100_000_005):
        save(tmp_path, states[0], step, keep=2)
    assert names(tmp_path) == ["step-100000005.npz", "step-99999995.npz"]
    assert best_path(tmp_path).exists()
    assert len(list((tmp_path / "checkpoints").iterdir())) == 3


def test_a_run_that_was_stopped_ends_with_the_checkpoints_of_one_that_was_not(states, tmp_path):
    """Their mean may be asked for: none may be pushed out by that of the stop."""
    stopped, other_every = tmp_path / "stopped", tmp_path / "other_every"
    for step in (2, 4, 6, 7, 8):
        save(stopped, states[0], step, keep=3, every=2)
    assert names(stopped) == ["step-00000008.npz", "step-00000006.npz", "step-00000004.npz"]
    stopped_twice = tmp_path / "stopped_twice"
    for step in (100, 200, 400, 437, 450, 600, 800, 1000):
        save(stopped_twice, states[0], step, keep=10, every=200)
    assert names(stopped_twice) == [f"step-{step:08d}.npz" for step in (1000, 800, 600, 400, 200)]
    for step, every in ((2, 2), (4, 2), (5, 5), (10, 5)):
        save(other_every, states[0], step, keep=3, every=every)
    assert names(other_every) == ["step-00000010.npz", "step-00000005.npz"]


def test_a_run_that_is_stopped_often_has_a_checkpoint_to_fall_back_on(states, tmp_path):
    for step in (100, 200, 300):
        save(tmp_path, states[0], step, every=5000)
    assert names(tmp_path) == ["step-00000300.npz", "step-00000100.npz"]
    for step in (5000, 10_000):
        save(tmp_path, states[0], step, every=5000)
    assert names(tmp_path) == ["step-00010000.npz", "step-00005000.npz"]


def test_half_written_and_foreign_files_are_not_checkpoints(states, tmp_path):
    save(tmp_path, states[0], 4)
    for name in (".dim_tf.abc.part", "step-9.npz", "step-00000009.npz.old"):
        (tmp_path / "checkpoints" / name).write_bytes(b"half")
    assert names(tmp_path) == ["step-00000004.npz"]


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty", "no_optimizer", "misshapen"])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(states, tmp_path, damage, caplog):
    source, target = states
    save(tmp_path, source, 10)
    expected = values(source)
    path = save(tmp_path, target, 20)
    content = path.read_bytes()
    arrays, _, progress = read_arrays(path)
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "altered":
        path.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        (moment, *_) = (name for name in arrays if "conv1_1_weights_momentum" in name)
        if damage == "no_optimizer":
            del arrays[moment]
        else:
            arrays[moment] = arrays[moment][:2]
        write_arrays(path, arrays, CONFIG, progress)
    assert restore_newest(tmp_path, *target, CONFIG, {"seed": 1})["step"] == 10
    assert_same(target, expected)
    assert path.name in caplog.text and "The checkpoint before it is tried" in caplog.text


def test_a_run_with_nothing_but_damaged_checkpoints_is_refused(states, tmp_path):
    for step in (1, 2):
        save(tmp_path, states[0], step).write_bytes(b"damaged")
    with pytest.raises(InputError, match="None of the 2 checkpoints"):
        restore_newest(tmp_path, *states[0], CONFIG, {"seed": 1})


def test_a_new_checkpoint_is_not_removed_in_favour_of_a_damaged_newer_one(states, tmp_path):
    save(tmp_path, states[0], 10)
    save(tmp_path, states[0], 20).write_bytes(b"damaged")
    save(tmp_path, states[0], 15, keep=1)
    assert checkpoint_path(tmp_path, 15).exists()
    assert restore_newest(tmp_path, *states[0], CONFIG, {"seed": 1})["step"] == 15


@pytest.mark.parametrize(
    ("change", "message"),
    [({"width": 1 / 32}, "--width=0.015625"), ({"skip": True}, "--skip=False")],
)
def test_another_network_is_refused_and_the_difference_named(states, tmp_path, change, message):
    save(tmp_path, states[0], 10)
    asked = NetworkConfig(**({"width": 1 / 64, "fc6": "1x1"} | change))
    network = build_network(asked)
    optimizer = keras.optimizers.Adam(name="adam")
    optimizer.build(network.trainable_variables)
    with pytest.raises(InputError, match=f"begun with {message}; give the same"):
        restore_newest(tmp_path, network, optimizer, asked, {"seed": 1})
    assert names(tmp_path) == ["step-00000010.npz"]


def test_a_setting_younger_than_the_run_is_left_out():
    assert difference({"seed": 1}, {"seed": 1, "jpeg": 0.5}) == "no --jpeg"
    assert difference({"crop_sizes": [64, 96]}, {"crop_sizes": [320]}) == "--crop_sizes=64,96"


def test_other_settings_are_refused_and_the_difference_named(states, tmp_path):
    save(tmp_path, states[0], 10)
    before = values(states[1])
    with pytest.raises(InputError, match="begun with --seed=1, --overfit=0; give the same"):
        restore_newest(tmp_path, *states[1], CONFIG, {"seed": 2, "overfit": 3})
    assert_same(states[1], before)


def test_a_run_goes_on_with_the_default_of_a_setting_younger_than_it(states, tmp_path):
    save(tmp_path, states[0], 10)
    younger = {"seed": 1, "jpeg": 0.0, "crop_sizes": [320, 480, 640], "freeze_batch_norm": False}
    assert restore_newest(tmp_path, *states[1], CONFIG, younger)["step"] == 10
    with pytest.raises(InputError, match=r"begun with --jpeg=0\.0; give the same"):
        restore_newest(tmp_path, *states[1], CONFIG, younger | {"jpeg": 0.5})


def test_the_list_of_foregrounds_may_lie_elsewhere():
    """That it names the same ones the dataset's fingerprint tells."""
    saved = {"data_dir": "6 pairs, 1a2b", "hard_list": "hard.txt"}
    assert difference(saved, saved | {"hard_list": "/elsewhere/hard.txt"}) == ""
    others = {"data_dir": "4 pairs, 3c4d", "hard_list": "other.txt"}
    assert difference(saved, others) == "a data_dir of 6 pairs, 1a2b, --hard_list=hard.txt"
