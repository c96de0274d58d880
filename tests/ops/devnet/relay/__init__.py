"""Tests of the reference relay on a devnet."""
