"""The input pipeline: a dataset on disk becomes training examples."""
