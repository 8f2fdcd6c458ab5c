"""Programs and helpers for the tests of the daemon."""
