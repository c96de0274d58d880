"""The AppView: XRPC queries answered from the index, which it opens read-only."""
