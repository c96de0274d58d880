"""Tests of the queries, each through the router and against its lexicon."""
