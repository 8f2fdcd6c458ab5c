"""What runs under pm: `make compat` measures each server and writes docs/compatibility.md."""
