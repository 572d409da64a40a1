"""Trains the shipped network in minutes on a GPU, with PyTorch. README.md tells how."""
