"""How a step changes the weights, and the average of them. Its state can be stored and set."""

import copy
import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from recipes.accelerated.examples import Batch
from recipes.accelerated.losses import Losses, batch_losses
from recipes.accelerated.network import Network, mixed_precision
from recipes.accelerated.settings import LossSettings, OptimizationSettings

# AdamW's two averages of the gradient, by its names.
_MOMENTS = ("exp_avg", "exp_avg_sq")


def learning_rate_at(step: int, progress: float, settings: OptimizationSettings) -> float:
    """Linear warm-up by steps, and a cosine by time.

    Args:
        step: 0 is the first.
        progress: how much of the time is over, from 0 to 1.
        settings: rates.
    """
    warmup = min(1.0, (step + 1) / settings.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return (
        settings.learning_rate * warmup * (settings.last_rate + (1 - settings.last_rate) * cosine)
    )


class Learner:
    """A network, its optimizer, and the exponential average of its weights.

    Attributes:
        network: on its device, learning.
        average: by parameter name, float32.
        step: how many steps were taken.
        rate: the learning rate of the last one.
    """

    def __init__(
        self,
        network: Network,
        device: torch.device,
        optimization: OptimizationSettings,
        losses: LossSettings,
    ) -> None:
        """Begins at step 0 with the network's weights."""
        self.network = network.to(device, memory_format=torch.channels_last).train()
        self.step = 0
        self.rate = 0.0
        self._device = device
        self._settings = optimization
        self._losses = losses
        self._parameters = dict(self.network.named_parameters())
        certainty = list(self.network.pred_scale.parameters())
        heads = {id(parameter) for parameter in certainty}
        self._weights = [p for p in self._parameters.values() if id(p) not in heads]
        # One kernel for all weights on a GPU; elsewhere PyTorch's default.
        self._fused = device.type == "cuda"
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self._weights, "weight_decay": optimization.weight_decay},
                {"params": certainty, "weight_decay": 0.0},
            ],
            lr=optimization.learning_rate,
            fused=self._fused or None,
        )
        self.average = {name: p.detach().clone() for name, p in self._parameters.items()}

    def learn(self, batch: Batch, progress: float) -> Losses:
        """Takes one step.

        Args:
            batch: to learn from.
            progress: how much of the time is over, from 0 to 1.

        Returns:
            The losses before the step, without gradients.
        """
        self.rate = learning_rate_at(self.step, progress, self._settings)
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate
        if progress >= self._settings.freeze_batch_norm_at:
            for norm in _batch_norms(self.network):
                norm.eval()
        with mixed_precision(self._device):
            predicted, log_scale = self.network(batch.image_and_trimap)
        losses = batch_losses(predicted, log_scale, batch, self._losses)
        self._optimizer.zero_grad(set_to_none=True)
        (losses.matting + losses.certainty).backward()
        nn.utils.clip_grad_norm_(self._weights, self._settings.clip_norm)
        self._optimizer.step()
        self._follow()
        self.step += 1
        return Losses(*(loss.detach() for loss in losses))

    @torch.no_grad()
    def _follow(self) -> None:
        """Moves the average; at the beginning it is the plain mean of all weights so far."""
        decay = min(self._settings.average_decay, 1 - 1 / (self.step + 1))
        for name, parameter in self._parameters.items():
            self.average[name].lerp_(parameter, 1 - decay)

    @torch.no_grad()
    def is_finite(self) -> bool:
        """Whether all weights, averages and batch norm's statistics are."""
        tensors = [*self.network.state_dict().values(), *self.average.values()]
        return bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all())

    def state(self) -> dict[str, np.ndarray]:
        """Weights, batch norm's statistics, averaged weights and the optimizer's moments."""
        arrays = {f"network/{name}": _numpy(x) for name, x in self.network.state_dict().items()}
        arrays |= {f"average/{name}": _numpy(x) for name, x in self.average.items()}
        for name, parameter in self._parameters.items():
            of_optimizer = self._optimizer.state.get(parameter, {})
            for moment in _MOMENTS:
                if moment in of_optimizer:  # not before the first step
                    arrays[f"{moment}/{name}"] = _numpy(of_optimizer[moment])
        return arrays | {"step": np.array(self.step)}

    @torch.no_grad()
    def set_state(self, arrays: dict[str, np.ndarray]) -> None:
        """Goes on from a `state`.

        Raises:
            KeyError: an array is missing.
            RuntimeError: one has another shape.
        """
        self.step = int(arrays["step"])
        for name, tensor in self.network.state_dict().items():
            _copy_exactly(tensor, arrays[f"network/{name}"])
        for name, parameter in self._parameters.items():
            _copy_exactly(self.average[name], arrays[f"average/{name}"])
            if not self.step:
                continue
            # Where PyTorch itself keeps the count of steps.
            count_device = parameter.device if self._fused else torch.device("cpu")
            moments = {moment: torch.zeros_like(parameter) for moment in _MOMENTS}
            for moment, tensor in moments.items():
                _copy_exactly(tensor, arrays[f"{moment}/{name}"])
            self._optimizer.state[parameter] = {
                "step": torch.tensor(float(self.step), device=count_device),
                **moments,
            }

    @torch.no_grad()
    def averaged_network(self, batches: Iterable[Batch]) -> Network:
        """A copy with the averaged weights, and batch norm's statistics measured for these.

        Where they were frozen, the weights were learned for them, and they stay.

        Args:
            batches: to measure on.
        """
        network = copy.deepcopy(self.network)
        for name, parameter in network.named_parameters():
            parameter.copy_(self.average[name])
        if self._settings.freeze_batch_norm_at < 1:
            return network
        norms = _batch_norms(network)
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
        for batch in batches:
            with mixed_precision(self._device):
                network(batch.image_and_trimap)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        return network


def _batch_norms(network: Network) -> list[nn.BatchNorm2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy()


def _copy_exactly(tensor: torch.Tensor, array: np.ndarray) -> None:
    if tuple(tensor.shape) != array.shape:  # copy_ would broadcast
        raise RuntimeError(f"shape {array.shape} instead of {tuple(tensor.shape)}")
    tensor.copy_(torch.from_numpy(array))
