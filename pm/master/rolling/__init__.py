"""Generations of the app's code, and how one replaces another without a gap."""
