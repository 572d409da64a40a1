import numpy as np
import pytest

torch = pytest.importorskip("torch")
import tensorflow as tf

from dim_tf.config import LossConfig
from dim_tf.model.losses import matting_losses, unknown_error
from recipes.accelerated.losses import batch_losses, laplacian_loss
from recipes.accelerated.settings import LossSettings


def predictions(seed, count=2, side=32):
    random = np.random.default_rng(seed)
    shape = (count, 1, side, side)
    alpha = torch.from_numpy(random.uniform(0, 1, shape).astype(np.float32))
    log_scale = torch.from_numpy(random.uniform(-8, 2, shape).astype(np.float32))
    return alpha.requires_grad_(), log_scale.requires_grad_()


def pyramid_details(difference):
    """The Laplacian pyramid of [H, W] float64, pixel by pixel."""
    kernel = np.array([1, 4, 6, 4, 1]) / 16
    kernel = np.outer(kernel, kernel)
    level = difference
    for _ in range(5):
        height, width = level.shape
        coarse = np.zeros((height // 2, width // 2))
        expanded = np.zeros(level.shape)
        places = [
            (row, column, i, j, 2 * row + i - 1, 2 * column + j - 1)
            for row in range(height // 2)
            for column in range(width // 2)
            for i in range(5)
            for j in range(5)
        ]
        inside = [p for p in places if 0 <= p[4] < height and 0 <= p[5] < width]
        for row, column, i, j, y, x in inside:
            coarse[row, column] += kernel[i, j] * level[y, x]
        for row, column, i, j, y, x in inside:
            expanded[y, x] += 4 * kernel[i, j] * coarse[row, column]
        yield level - expanded
        level = coarse


def slow_losses(predicted, log_scale, batch, settings):
    """All losses by their definitions, example by example in float64."""
    matting, certainty, distances = [], [], []
    for number in range(len(predicted)):
        part = {name: value[number].double().numpy() for name, value in batch._asdict().items()}
        p = predicted[number, 0].detach().double().numpy()
        s = np.clip(log_scale[number, 0].detach().double().numpy(), -6, 1)
        trimap, alpha = part["trimap"][0], part["alpha"][0]
        unknown = trimap == 128
        weight = np.where(unknown, 1.0, settings.known_weight)
        merged = np.where(unknown, p, trimap / 255)
        alpha_loss = (np.sqrt((p - alpha) ** 2 + 1e-12) * weight).sum() / weight.sum()
        comp_loss = 0
        for colour in range(3):
            f, b = part["foreground"][colour], part["background"][colour]
            off = merged * f + (1 - merged) * b - part["photo"][colour]
            comp_loss += (np.sqrt(off**2 + 1e-12) * weight).sum() / weight.sum() / 255
        details = sum(
            2.0**i * np.abs(d).sum() for i, d in enumerate(pyramid_details(merged - alpha))
        )
        matting.append(
            settings.alpha_loss_weight * alpha_loss
            + settings.comp_loss_weight * comp_loss
            + settings.laplacian_loss_weight * details / max(unknown.sum(), 200)
        )
        distance = np.abs(p - alpha)[unknown]
        certainty.append(
            (distance / np.exp(s[unknown]) + s[unknown]).mean() if unknown.any() else 0
        )
        distances.append(distance)
    return np.mean(matting), np.mean(certainty), np.concatenate(distances).mean()


@pytest.mark.parametrize(
    ("settings", "trimap_values"),
    [
        (LossSettings(), (0.0, 128.0, 255.0)),
        (LossSettings(0.3, 0.9, 0.2, 0.0), (0.0, 128.0, 255.0)),
        (LossSettings(), (0.0,) * 9 + (128.0,)),  # fewer than 200 unknown pixels
    ],
)
def test_losses_equal_the_slow_reference(random_batch, settings, trimap_values):
    batch = random_batch(0, trimap_values=trimap_values)
    predicted, log_scale = predictions(1)
    losses = batch_losses(predicted, log_scale, batch, settings)
    expected = slow_losses(predicted, log_scale, batch, settings)
    np.testing.assert_allclose([loss.item() for loss in losses], expected, rtol=1e-5)


def test_losses_of_one_example_equal_dim_tf(random_batch):
    batch = random_batch(0, count=1, side=64)
    predicted, log_scale = predictions(1, 1, 64)
    losses = batch_losses(predicted, log_scale, batch, LossSettings())

    def tensor(x):
        return tf.constant(x.detach().numpy().transpose(0, 2, 3, 1))

    names = {"alpha": "alpha", "trimap": "trimap", "rgb": "photo"}
    names |= {name: name for name in ("foreground", "background")}
    example = {name: tensor(getattr(batch, ours)) for name, ours in names.items()}
    config = LossConfig(alpha_loss_weight=0.5, laplacian_loss_weight=0.5)
    expected = matting_losses(tensor(predicted), example, config)["total_loss"]
    np.testing.assert_allclose(losses.matting.item(), expected.numpy(), rtol=1e-5)
    expected = unknown_error(tensor(predicted), example["alpha"], example["trimap"])
    np.testing.assert_allclose(losses.error.item(), expected.numpy(), rtol=1e-5)


def test_nothing_unknown_gives_finite_losses(random_batch):
    batch = random_batch(0, trimap_values=(0.0, 255.0))
    losses = batch_losses(*predictions(1), batch, LossSettings(known_weight=0.0))
    assert all(torch.isfinite(loss) for loss in losses)
    assert losses.certainty == losses.error == 0


def test_alpha_learns_nothing_from_certainty(random_batch):
    predicted, log_scale = predictions(1)
    batch_losses(predicted, log_scale, random_batch(0), LossSettings()).certainty.backward()
    assert predicted.grad is None
    assert log_scale.grad.any()


def test_laplacian_loss_is_per_example():
    difference = torch.randn(3, 1, 32, 32)
    unknown = torch.ones_like(difference)
    together = laplacian_loss(difference, unknown)
    apart = [laplacian_loss(difference[k : k + 1], unknown[k : k + 1]) for k in range(3)]
    torch.testing.assert_close(together, torch.cat(apart))
