"""Tests of talking to other people's servers."""
