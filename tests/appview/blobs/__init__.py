"""Tests of serving files of other people's repositories."""
