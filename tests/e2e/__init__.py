"""Tests of the whole: real sockets, real processes, real servers."""
