"""The network, its losses and its weights on disk."""
