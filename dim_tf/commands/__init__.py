"""What stands behind each script: settings become values and calls."""
