"""From a photo to a matte."""
