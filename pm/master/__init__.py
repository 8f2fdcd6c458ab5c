"""The master: one process per app; owns its listeners, its workers and its logs."""
