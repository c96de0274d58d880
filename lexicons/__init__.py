"""Lexicons: the schemas of records, parameters and answers, and checks against them.

The schemas themselves are the JSON documents under ``json/``, each where its id says.
"""
