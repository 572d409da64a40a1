"""Files to arrays and back, and what a picture means."""
