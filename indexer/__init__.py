"""The indexer: relay firehose in, a SQLite index that equals the network out.

``consume`` receives frames, ``route`` picks ours, ``lanes`` keeps each DID's order, ``verify``
proves them, ``write`` batches them and ``apply`` turns one event into rows, all of a batch in one
transaction with the cursor. ``store`` and ``records`` hold the SQL.
"""
