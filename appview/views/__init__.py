"""Views: rows in, the shapes of the lexicon out. Pure, so they cannot read anything more."""
