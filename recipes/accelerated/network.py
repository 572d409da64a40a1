"""The network that dim_tf ships, in PyTorch, with a second head that says how sure it is.

The same function of its input as `dim_tf.model.network.build_network` with fc6 1x1, skip additions
and a normalised input; `tests/recipes/test_network.py` compares the two.
"""

import torch
from torch import nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional

from dim_tf.config import (
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    NORMALIZED_INPUT_DIVISOR,
    UNKNOWN,
)
from dim_tf.model.architecture import (
    DECODER_CHANNELS,
    DECODER_KERNEL,
    DECONV6_CHANNELS,
    ENCODER_KERNEL,
    ENCODER_STAGES,
    FC6,
    FIRST_LOG_SCALE,
)

CONV6_KERNEL, CONV6_CHANNELS = FC6["1x1"]

_PLACES = 4  # of a 2×2 block, in row-major order


class MaxPoolWithPlaces(torch.autograd.Function):
    """2×2 max pooling that also says where each maximum came from.

    Of equal values the first in row-major order wins, as in
    `dim_tf.model.layers.max_pool_with_argmax`; the gradient goes there alone.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pools.

        Args:
            ctx: of autograd.
            x: [B, C, H, W] float, H and W even.

        Returns:
            The maxima, [B, C, H/2, W/2] of x's dtype, and their places, of that shape, uint8 from
            0 to 3.
        """
        values = [_at_place(x, place) for place in range(_PLACES)]
        maxima = torch.maximum(
            torch.maximum(values[0], values[1]), torch.maximum(values[2], values[3])
        ).contiguous(memory_format=_memory_format(x))
        places = torch.full_like(maxima, _PLACES - 1, dtype=torch.uint8)
        for place in reversed(range(_PLACES - 1)):  # the first of equal values is written last
            places.masked_fill_(values[place] == maxima, place)
        ctx.save_for_backward(places)
        ctx.mark_non_differentiable(places)
        return maxima, places

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        """Puts the gradient where the maxima were, [B, C, H, W]."""
        (places,) = ctx.saved_tensors
        return _spread(gradient, places)


class Unpool(torch.autograd.Function):
    """Puts each value back where the maximum of its 2×2 block was; zero elsewhere.

    Equals `dim_tf.model.layers.unpool`.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, values: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Unpools.

        Args:
            ctx: of autograd.
            values: [B, C, H, W] float.
            places: of that shape, uint8, from `MaxPoolWithPlaces`.

        Returns:
            [B, C, 2H, 2W] of the values' dtype.
        """
        ctx.save_for_backward(places)
        return _spread(values, places)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Takes the gradient from where the values went, [B, C, H, W]."""
        (places,) = ctx.saved_tensors
        taken = torch.zeros_like(places, dtype=gradient.dtype)
        for place in range(_PLACES):
            taken = torch.where(places == place, _at_place(gradient, place), taken)
        return taken, None


def _at_place(x: torch.Tensor, place: int) -> torch.Tensor:
    """One pixel of each 2×2 block, a view of [B, C, H, W]: [B, C, H/2, W/2]."""
    return x[:, :, place // 2 :: 2, place % 2 :: 2]


def _spread(values: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    batch, channels, height, width = values.shape
    spread = torch.empty(
        (batch, channels, 2 * height, 2 * width),
        dtype=values.dtype,
        device=values.device,
        memory_format=torch.channels_last,
    )
    # A selection, not a product: inf · 0 would be NaN.
    zero = torch.zeros((), dtype=values.dtype, device=values.device)
    for place in range(_PLACES):
        _at_place(spread, place).copy_(torch.where(places == place, values, zero))
    return spread


def _memory_format(x: torch.Tensor) -> torch.memory_format:
    channels_last = x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if channels_last else torch.contiguous_format


def _convolution(channels: int, count: int, size: int, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(channels, count, size, padding=size // 2, bias=bias)


class Network(nn.Module):
    """Photo and trimap to alpha, and to the scale of alpha's error.

    Layers carry dim_tf's names. A decoder layer is a convolution without bias and batch norm: the
    bias that dim_tf keeps before batch norm is part of the moving mean here.

    Attributes:
        width: multiplier on every channel count.
    """

    def __init__(self, width: float) -> None:
        """Args: width: 1 is the paper's network, 0.5 the shipped one."""
        super().__init__()
        self.width = width
        channels = 4
        for stage, (count, convolutions) in enumerate(ENCODER_STAGES, start=1):
            for number in range(1, convolutions + 1):
                layer = _convolution(channels, self._channels_at(count), ENCODER_KERNEL)
                self.add_module(f"conv{stage}_{number}", layer)
                channels = layer.out_channels
        self.conv6_1 = _convolution(channels, self._channels_at(CONV6_CHANNELS), CONV6_KERNEL)
        self.deconv6 = self._decoder_layer(self.conv6_1.out_channels, DECONV6_CHANNELS, 1)
        channels = self._channels_at(DECONV6_CHANNELS)
        for stage, count in zip(range(5, 0, -1), DECODER_CHANNELS, strict=True):
            self.add_module(
                f"deconv{stage}_2", self._decoder_layer(channels, count, DECODER_KERNEL)
            )
            channels = self._channels_at(count)
        self.pred_alpha = _convolution(channels, 1, DECODER_KERNEL)
        self.pred_scale = _convolution(channels, 1, DECODER_KERNEL)
        nn.init.zeros_(self.pred_scale.weight)
        nn.init.constant_(self.pred_scale.bias, FIRST_LOG_SCALE)

    def _channels_at(self, count: int) -> int:
        return max(1, round(count * self.width))

    def _decoder_layer(self, channels: int, count: int, size: int) -> nn.Sequential:
        count = self._channels_at(count)
        return nn.Sequential(
            _convolution(channels, count, size, bias=False),
            nn.BatchNorm2d(count, BATCH_NORM_EPSILON, 1 - BATCH_NORM_MOMENTUM),
        )

    def forward(self, image_and_trimap: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Predicts alpha and how far off it may be.

        Args:
            image_and_trimap: [B, 4, H, W] float32, the photo in grey levels minus
                `IMAGE_MEAN_RGB` and the trimap in {0, 128, 255}; H and W multiples of 32.

        Returns:
            Alpha, [B, 1, H, W] float32 in [0, 1], and the natural log of the scale of its error,
            of that shape. The scale's gradient ends at the features: it learns to read them, and
            they do not learn for it.
        """
        colours, trimap = image_and_trimap[:, :3], image_and_trimap[:, 3:]
        x = torch.cat([colours, trimap - UNKNOWN], 1) / NORMALIZED_INPUT_DIVISOR
        x = x.contiguous(memory_format=torch.channels_last)
        features, places = [], []
        for stage, (_, convolutions) in enumerate(ENCODER_STAGES, start=1):
            for number in range(1, convolutions + 1):
                x = functional.relu(getattr(self, f"conv{stage}_{number}")(x), inplace=True)
            features.append(x)
            x, where = MaxPoolWithPlaces.apply(x)
            places.append(where)
        x = functional.relu(self.conv6_1(x), inplace=True)
        x = functional.relu(self.deconv6(x), inplace=True)
        for stage in range(5, 0, -1):
            x = Unpool.apply(x, places[stage - 1]) + features[stage - 1]
            x = functional.relu(getattr(self, f"deconv{stage}_2")(x), inplace=True)
        # float32 from here: a sigmoid in bfloat16 has steps of half a grey level and more.
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            return torch.sigmoid(self.pred_alpha(x)), self.pred_scale(x.detach())


def mixed_precision(device: torch.device) -> torch.autocast:
    """A block in which convolutions run in bfloat16 on a GPU, and in float32 elsewhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")
