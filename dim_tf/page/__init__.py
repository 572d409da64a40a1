"""The page in the browser and its HTTP interface.

One process answers and never computes; another one, which it starts, decodes pictures and owns the
network. Nothing is written to disk, and nothing of the pictures is logged.
"""
