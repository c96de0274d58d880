"""Tests of the AppView."""
