"""Random numbers for examples, from two generators that can be stored and set."""

import math

import torch


class Draws:
    """Draws on the device, and on the host where the program itself depends on what is drawn.

    Attributes:
        device: where tensors are drawn.
        on_device: the generator of tensors.
        on_host: the generator of what decides shapes and indices.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        """Args: seed: both generators begin with it. device: where tensors are drawn."""
        self.device = device
        self.on_device = torch.Generator(device).manual_seed(seed)
        self.on_host = torch.Generator().manual_seed(seed)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        """Evenly between two numbers: float32 of this shape."""
        return low + (high - low) * torch.rand(shape, device=self.device, generator=self.on_device)

    def between(self, bounds: tuple[float, float], *shape: int) -> torch.Tensor:
        """`uniform` between two numbers that stand together."""
        return self.uniform(*shape, low=bounds[0], high=bounds[1])

    def log_uniform(self, *shape: int, low: float, high: float) -> torch.Tensor:
        """Evenly in the logarithm between two positive numbers: float32 of this shape."""
        return torch.exp(self.uniform(*shape, low=math.log(low), high=math.log(high)))

    def normal(self, *shape: int) -> torch.Tensor:
        """Normally distributed, mean 0, variance 1: float32 of this shape."""
        return torch.randn(shape, device=self.device, generator=self.on_device)

    def integers(self, below: int, *shape: int) -> torch.Tensor:
        """Whole numbers from 0: int64 of this shape."""
        return torch.randint(below, shape, device=self.device, generator=self.on_device)

    def happens(self, count: int, probability: float) -> torch.Tensor:
        """Whether something happens to each example of a batch: [count, 1, 1, 1] bool."""
        return self.uniform(count, 1, 1, 1) < probability

    def number(self) -> float:
        """Evenly from 0 to 1, on the host."""
        return float(torch.rand((), generator=self.on_host))

    def integer(self, low: int, below: int) -> int:
        """A whole number, on the host."""
        return int(torch.randint(low, below, (), generator=self.on_host))

    def choices(self, weights: list[float], count: int) -> torch.Tensor:
        """Indices drawn by these weights, on the host: [count] int64."""
        return torch.multinomial(
            torch.tensor(weights), count, replacement=True, generator=self.on_host
        )

    def state(self) -> dict[str, torch.Tensor]:
        """Where both generators stand: uint8 by name."""
        return {
            "on_device": self.on_device.get_state(),
            "on_host": self.on_host.get_state(),
        }

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Lets both generators go on from a `state`.

        The one of tensors begins anew where the state is of another kind of device.
        """
        self.on_host.set_state(state["on_host"])
        if state["on_device"].shape == self.on_device.get_state().shape:
            self.on_device.set_state(state["on_device"])
        else:
            self.on_device.manual_seed(self.integer(0, 2**31))
