"""Trimaps: from a matte, a rough mask, a rectangle."""
