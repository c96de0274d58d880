"""Tests of the protocol kernel."""
