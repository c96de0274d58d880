"""The only shared I/O: everything here that touches a socket, a file, a clock or a process.

=============  ==================================================================
module         owns
=============  ==================================================================
`sqlite`       opening stores, migrations, the one writer of a store
`eventlog`     an append-only log with sequence numbers that are never used twice
`lock`         the flock that makes a process the only writer of a store
`control`      the socket on which that process takes commands
`config`       settings from flags, environment and `plyr.toml`
`log`          log lines on stderr
`metrics`      Prometheus series with closed sets of labels
`supervise`    services and processes that start together and end in order
`address`      which URLs and addresses may be asked (pure)
`guard`        the one door through which every outbound connection passes
`http`         requests to other people's servers, with `http_errors`
`websocket`    subscriptions to relays and labelers
`asgi`         one HTTP exchange in the bare ASGI form
`cors`         cross-origin rules of a public server
`xrpc`         the XRPC server over both
=============  ==================================================================

Nothing happens at import. Services compose these; none of them knows a service.
"""
