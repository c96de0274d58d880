"""Histories that try to break the index, and the model that says what is right at their end."""
