"""Tests of the in-process network."""
