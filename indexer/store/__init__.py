"""The write side of ``index.db``: every statement that is not a collection's own."""
