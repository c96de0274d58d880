"""Tests of the typed rows."""
