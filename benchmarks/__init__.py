"""Measures pm beside its peers and writes docs/benchmarks.md; see README.md."""
