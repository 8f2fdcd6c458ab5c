"""Where an app listens, and who gets the next connection."""
