"""The workers: each one's life, readiness, end, and what follows it."""
