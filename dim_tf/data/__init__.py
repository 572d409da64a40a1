"""Data: from mattes and photographs to training examples."""
