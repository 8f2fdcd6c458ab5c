"""Watched apps: files that change become a reload."""
