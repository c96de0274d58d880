"""Talking to other people's servers: identity, repositories, blobs, sessions."""
