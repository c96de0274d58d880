"""Benchmarks: what the parts cost, beside the usual way of doing the same."""
