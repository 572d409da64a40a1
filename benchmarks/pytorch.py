"""Our network against the same one in PyTorch at its best, training and inference, in turn.

    pip install torch
    python benchmarks/pytorch.py [--rounds=6]

fc6 3x3 and a decoder without batch norm, as the best-known PyTorch Deep Image Matting has it; CPU,
channels last, bfloat16 autocast, fused Adam. Batch 1, 320 × 320, full width. Run it alone on the
machine.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import torch
from timing import fastest, machine, table
from torch import nn
from train_step import SIDE, random_example, step_of

from dim_tf.config import NetworkConfig
from dim_tf.model.architecture import DECODER_CHANNELS, DECONV6_CHANNELS, ENCODER_STAGES, FC6
from dim_tf.model.network import build_network

# Of networks without batch norm.
LEARNING_RATE = 1e-5


class TorchNetwork(nn.Module):
    """VGG16 encoder, max pooling with indices, unpooling, 5×5 convolutions."""

    def __init__(self, fc6: str) -> None:
        super().__init__()
        channels, self.stages = 4, nn.ModuleList()
        for count, convolutions in ENCODER_STAGES:
            stage = nn.ModuleList()
            for _ in range(convolutions):
                stage.append(nn.Conv2d(channels, count, 3, padding=1))
                channels = count
            self.stages.append(stage)
        size, count = FC6[fc6]
        self.conv6 = nn.Conv2d(channels, count, size, padding=size // 2)
        self.deconv6 = nn.Conv2d(count, DECONV6_CHANNELS, 1)
        channels, self.decoder = DECONV6_CHANNELS, nn.ModuleList()
        for count in DECODER_CHANNELS:
            self.decoder.append(nn.Conv2d(channels, count, 5, padding=2))
            channels = count
        self.pred_alpha = nn.Conv2d(channels, 1, 5, padding=2)

    def forward(self, x):
        indices = []
        for stage in self.stages:
            for convolution in stage:
                x = torch.relu(convolution(x))
            x, index = nn.functional.max_pool2d(x, 2, return_indices=True)
            indices.append(index)
        x = torch.relu(self.deconv6(torch.relu(self.conv6(x))))
        for convolution in self.decoder:
            x = nn.functional.max_unpool2d(x, indices.pop(), 2)
            x = torch.relu(convolution(x))
        return torch.sigmoid(self.pred_alpha(x).float())


def torch_functions(fc6: str, inputs: np.ndarray, alpha: np.ndarray):
    """A training step and a forward pass as calls."""
    network = TorchNetwork(fc6).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    x = torch.from_numpy(inputs.transpose(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last)
    truth = torch.from_numpy(alpha.transpose(0, 3, 1, 2))

    def train() -> float:
        network.train()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            predicted = network(x)
        # The alpha loss alone: one pass over one channel, less than ours computes.
        loss = torch.sqrt((predicted - truth) ** 2 + 1e-12).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    def infer() -> float:
        network.eval()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return network(x).sum().item()

    return train, infer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()
    print(machine() + f", PyTorch {torch.__version__}")
    config, precision = NetworkConfig(fc6="3x3", batch_norm=False), "bfloat16"
    network = build_network(config, precision=precision)
    example = random_example()
    inputs = example["image_and_trimap"]
    for_inference = build_network(config, precision=precision, for_training=False)
    for_inference.set_weights(network.get_weights())
    forward = tf.function(lambda: for_inference(inputs, training=False))
    torch_train, torch_infer = torch_functions("3x3", inputs.numpy(), example["alpha"].numpy())
    for name, functions in (
        (
            "training",
            {"ours": step_of(network, learning_rate=LEARNING_RATE), "PyTorch": torch_train},
        ),
        ("inference", {"ours": lambda: forward().numpy(), "PyTorch": torch_infer}),
    ):
        seconds = fastest(functions, arguments.rounds)
        rows = [
            [label, f"{value:.3f} s", f"{seconds['PyTorch'] / value:.2f}×"]
            for label, value in seconds.items()
        ]
        print(f"\n{table([f'{name}, {SIDE}×{SIDE}', 'time', 'PyTorch / this'], rows)}")


if __name__ == "__main__":
    main()
