"""The AT Protocol itself, pure.

Every module here is a noun of the protocol's specification and works on values alone: bytes and
JSON in, frozen values or typed errors out. There are no sockets, files, clocks or random numbers;
times are passed in as microseconds since the epoch and keys as bytes. ``atp.runtime`` beside them
is the one exception: the I/O that all services share.
"""
