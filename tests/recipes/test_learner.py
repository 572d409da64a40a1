import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dim_tf.config import UNKNOWN
from dim_tf.system.errors import InputError
from dim_tf.system.npz import text_array, text_of
from recipes.accelerated.draws import Draws
from recipes.accelerated.learner import Learner, learning_rate_at
from recipes.accelerated.pack_file import pack_text, read_pack
from recipes.accelerated.settings import LossSettings, OptimizationSettings
from recipes.accelerated.state_file import Progress, go_on_from_state, write_state
from recipes.accelerated.weights import network_of, weights_text

CPU = torch.device("cpu")
OPTIMIZATION = OptimizationSettings(warmup_steps=2)
INPUTS = {"pack": "a few pictures", "weights": "some numbers"}


def new_learner(weights, optimization=OPTIMIZATION):
    return Learner(network_of(weights, "test"), CPU, optimization, LossSettings())


def learn(learner, batches, first=0):
    for number, batch in enumerate(batches, start=first):
        learner.learn(batch, number / 10)


def assert_same_state(actual, expected):
    assert actual.keys() == expected.keys()
    for name, array in expected.items():
        assert actual[name].dtype == array.dtype, name
        np.testing.assert_array_equal(actual[name], array, err_msg=name)


def test_a_run_interrupted_and_resumed_goes_on_exactly(weights, random_batch, settings, tmp_path):
    batches = [random_batch(seed) for seed in range(6)]
    whole, draws = new_learner(weights), Draws(1, CPU)
    learn(whole, batches)

    first = new_learner(weights)
    learn(first, batches[:3])
    draws.normal(7), draws.number()
    progress = Progress(12.5, 6, 40)
    write_state(tmp_path, settings(), INPUTS, progress, first, draws)

    resumed, other_draws = new_learner(weights), Draws(9, CPU)
    learn(resumed, [random_batch(50)])  # it must not matter
    assert go_on_from_state(tmp_path, settings(), INPUTS, resumed, other_draws) == progress
    assert_same_state(resumed.state(), first.state())
    learn(resumed, batches[3:], first=3)
    assert resumed.step == 6
    assert resumed.rate == whole.rate
    assert_same_state(resumed.state(), whole.state())
    assert torch.equal(other_draws.normal(5), draws.normal(5))
    assert other_draws.number() == draws.number()


def test_the_state_has_all_that_is_learned(weights, random_batch):
    learner = new_learner(weights)
    learn(learner, [random_batch(0)])
    names = {name.partition("/")[0] for name in learner.state()}
    assert names == {"network", "average", "exp_avg", "exp_avg_sq", "step"}
    parameters = dict(learner.network.named_parameters())
    for part in ("average", "exp_avg", "exp_avg_sq"):
        assert {n for n in learner.state() if n.startswith(f"{part}/")} == {
            f"{part}/{name}" for name in parameters
        }


def test_a_state_before_the_first_step_is_gone_on_from(weights, random_batch, settings, tmp_path):
    write_state(tmp_path, settings(), INPUTS, Progress(), new_learner(weights), Draws(1, CPU))
    resumed, plain = new_learner(weights), new_learner(weights)
    go_on_from_state(tmp_path, settings(), INPUTS, resumed, Draws(1, CPU))
    for learner in (resumed, plain):
        learn(learner, [random_batch(0)])
    assert_same_state(resumed.state(), plain.state())


def test_without_a_state_a_run_begins(weights, settings, tmp_path):
    assert (
        go_on_from_state(tmp_path, settings(), INPUTS, new_learner(weights), Draws(1, CPU)) is None
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"learning_rate": 1e-4}, "--learning_rate=0.0008; give the same"),
        ({"sizes": ("32:4:1",)}, "--sizes=64:4:1; give the same"),
        ({"laplacian_loss_weight": 0.1}, "--laplacian_loss_weight=0.5; give the same"),
    ],
)
def test_a_run_is_not_gone_on_with_other_settings(weights, settings, tmp_path, values, told):
    write_state(tmp_path, settings(), INPUTS, Progress(), new_learner(weights), Draws(1, CPU))
    with pytest.raises(InputError, match=told):
        go_on_from_state(tmp_path, settings(**values), INPUTS, new_learner(weights), Draws(1, CPU))
    free = settings(ring=32, workers=2, report_every=7)
    assert (
        go_on_from_state(tmp_path, free, INPUTS, new_learner(weights), Draws(1, CPU)) == Progress()
    )


def test_a_run_goes_on_with_the_default_of_a_setting_younger_than_it(weights, settings, tmp_path):
    write_state(tmp_path, settings(), INPUTS, Progress(), new_learner(weights), Draws(1, CPU))
    path = tmp_path / "state.npz"
    with np.load(path) as file:
        members = dict(file)
    begun_with = text_of(members["settings"])
    del begun_with["weight_decay"]
    np.savez(path, **members | {"settings": text_array(begun_with)})
    given = tmp_path, settings(), INPUTS, new_learner(weights), Draws(1, CPU)
    assert go_on_from_state(*given) == Progress()
    with pytest.raises(InputError, match=r"begun with --weight_decay=0\.0001; give the same"):
        go_on_from_state(tmp_path, settings(weight_decay=0.1), *given[2:])


@pytest.mark.parametrize("name", INPUTS)
def test_a_run_is_not_gone_on_with_other_files(weights, settings, tmp_path, name):
    write_state(tmp_path, settings(), INPUTS, Progress(), new_learner(weights), Draws(1, CPU))
    others = INPUTS | {name: "others"}
    told = f"begun with a --{name} of {INPUTS[name]}, and this one holds others; give the same"
    with pytest.raises(InputError, match=told):
        go_on_from_state(tmp_path, settings(), others, new_learner(weights), Draws(1, CPU))
    # A state older than the record goes on.
    path = tmp_path / "state.npz"
    with np.load(path) as file:
        members = {member: file[member] for member in file.files if member != "inputs"}
    np.savez(path, **members)
    assert go_on_from_state(tmp_path, settings(), others, new_learner(weights), Draws(1, CPU))


def test_what_a_file_holds_is_told_apart(weights, pack):
    packed = read_pack(pack[0])
    first, *more = packed.photos
    others = [
        packed._replace(photos=(first._replace(content=first.content[::-1]), *more)),
        packed._replace(photos=(first._replace(name="other"), *more)),
        packed._replace(cutouts=packed.cutouts[::-1]),
    ]
    texts = [pack_text(each) for each in (packed, *others)]
    assert len(set(texts)) == 4 and pack_text(read_pack(pack[0])) == texts[0]
    name = "pred_alpha/weights"
    changed = weights._replace(arrays=weights.arrays | {name: weights.arrays[name] + 1})
    assert weights_text(changed) != weights_text(weights)
    assert weights_text(weights._replace(config={})) != weights_text(weights)


def test_a_damaged_state_is_told(weights, settings, tmp_path):
    write_state(tmp_path, settings(), INPUTS, Progress(), new_learner(weights), Draws(1, CPU))
    path = tmp_path / "state.npz"
    with np.load(path) as file:
        members = dict(file)
    content = path.read_bytes()
    path.write_bytes(content[:-1000])
    with pytest.raises(InputError, match="is damaged or no state of a run"):
        go_on_from_state(tmp_path, settings(), INPUTS, new_learner(weights), Draws(1, CPU))
    for name in ("learner/average/conv1_1.weight", "progress", "draws/on_host"):
        np.savez(path, **{n: a for n, a in members.items() if n != name})
        with pytest.raises(InputError, match="is damaged or of another network"):
            go_on_from_state(tmp_path, settings(), INPUTS, new_learner(weights), Draws(1, CPU))
    bias = "learner/network/conv1_1.bias"
    np.savez(path, **members | {bias: members[bias][:1]})
    with pytest.raises(InputError, match="shape"):
        go_on_from_state(tmp_path, settings(), INPUTS, new_learner(weights), Draws(1, CPU))


def test_rates_are_those_of_the_log():
    settings = OptimizationSettings()
    assert learning_rate_at(0, 0.0, settings) == pytest.approx(8e-4 / 200)
    assert learning_rate_at(99, 21 / 540, settings) == pytest.approx(3.99e-4, rel=5e-3)
    assert learning_rate_at(4000, 0.5, settings) == pytest.approx(8e-4 * (0.005 + 0.995 / 2))
    assert learning_rate_at(7403, 1.0, settings) == pytest.approx(4e-6)
    assert learning_rate_at(7403, 1.1, settings) == pytest.approx(4e-6)


def test_the_average_begins_as_the_plain_mean(weights, random_batch):
    learner = new_learner(weights)
    name = "conv3_2.weight"
    kept = []
    for seed in range(4):
        learn(learner, [random_batch(seed)], seed)
        kept.append(dict(learner.network.named_parameters())[name].detach().clone())
    torch.testing.assert_close(learner.average[name], torch.stack(kept).mean(0))


def test_then_the_average_follows_slowly(weights, random_batch):
    learner = new_learner(weights, dataclasses.replace(OPTIMIZATION, average_decay=0.0))
    learn(learner, [random_batch(seed) for seed in range(3)])
    for name, parameter in learner.network.named_parameters():
        torch.testing.assert_close(learner.average[name], parameter.detach(), msg=name)


def test_statistics_are_measured_for_the_averaged_weights(weights, random_batch):
    learner = new_learner(weights)
    learn(learner, [random_batch(seed) for seed in range(3)])
    before = learner.state()
    batches = [random_batch(seed, side=64) for seed in (7, 8)]
    network = learner.averaged_network(batches)
    assert_same_state(learner.state(), before)
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, learner.average[name])
    seen = []
    convolution, norm = network.deconv1_2
    handle = convolution.register_forward_hook(lambda _, inputs, output: seen.append(output))
    network.train()
    mean, variance = norm.running_mean.clone(), norm.running_var.clone()
    with torch.no_grad():
        for batch in batches:
            network(batch.image_and_trimap)
    handle.remove()
    expected = torch.stack([x.mean((0, 2, 3)) for x in seen]).mean(0)
    torch.testing.assert_close(mean, expected, atol=1e-5, rtol=1e-4)
    expected = torch.stack([x.var((0, 2, 3)) for x in seen]).mean(0)
    torch.testing.assert_close(variance, expected, atol=1e-5, rtol=1e-4)
    assert norm.momentum == pytest.approx(0.01)


def test_batch_norm_is_frozen_where_it_is_said(weights, random_batch):
    def averages(learner):
        buffers = learner.network.named_buffers()
        return {name: x.clone() for name, x in buffers if "running" in name}

    learner = new_learner(weights, dataclasses.replace(OPTIMIZATION, freeze_batch_norm_at=0.3))
    free = new_learner(weights)
    for number in range(3):
        before = averages(learner)
        learner.learn(random_batch(number), number / 10)
        free.learn(random_batch(number), number / 10)
        assert not any(torch.equal(x, before[name]) for name, x in averages(learner).items())
    learner.network.eval(), learner.network.train()  # as a validation does
    before = averages(learner)
    batch = random_batch(3)
    learner.network.eval()
    predicted, _ = learner.network(batch.image_and_trimap)
    error = (predicted - batch.alpha).abs()[batch.trimap == UNKNOWN].mean()
    assert learner.learn(batch, 0.3).error.item() == pytest.approx(error.item(), rel=1e-4)
    assert free.learn(batch, 0.3).error.item() != pytest.approx(error.item(), rel=1e-3)
    assert all(torch.equal(x, before[name]) for name, x in averages(learner).items())
    gamma = "deconv3_2.1.weight"
    assert learner.network.get_parameter(gamma).grad.abs().max() > 0  # it goes on learning
    averaged = learner.averaged_network([random_batch(7)])
    assert torch.equal(averaged.get_parameter(gamma), learner.average[gamma])
    for name, x in before.items():
        assert torch.equal(averaged.get_buffer(name), x), name


def test_certainty_is_neither_decayed_nor_clipped_with_the_rest(weights, random_batch):
    learner = new_learner(weights)
    decays = {
        group["weight_decay"]: len(group["params"]) for group in learner._optimizer.param_groups
    }
    assert decays == {1e-4: len(dict(learner.network.named_parameters())) - 2, 0.0: 2}
    learn(learner, [random_batch(0)])
    norm = sum(p.grad.square().sum() for p in learner._weights) ** 0.5
    assert norm <= 1.0001
