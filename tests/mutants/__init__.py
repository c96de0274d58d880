"""Defects made by hand, as patches; each must make some test fail."""
