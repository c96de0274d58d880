"""Tests of the shared I/O."""
