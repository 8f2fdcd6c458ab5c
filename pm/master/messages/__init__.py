"""All that goes between the workers of an app beside connections."""
