"""Apps that are reloaded or started by the clock."""
