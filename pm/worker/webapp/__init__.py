"""`module:attribute` as a program: what it is, and which server runs it."""
