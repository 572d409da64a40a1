"""The offline step: mattes and photographs become a dataset on disk."""
