"""How good a matte is."""
