"""Serving files of other people's repositories: sounds and pictures, by DID and CID.

`service` puts it together, `http` answers requests, `flights` fetch each file once however many
ask for it, `upstream` is the way to its PDS, `cache` keeps what has been checked.
"""
