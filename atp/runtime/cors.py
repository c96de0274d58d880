"""Cross-origin rules of a public XRPC server: any web page may read every answer, errors included.

No cookie is ever looked at, so the wildcard origin gives nothing away. A preflight names the
headers that the browser wants to send; they are mirrored, because the wildcard would not cover
``Authorization``.
"""

from __future__ import annotations

import re

MAX_REQUESTED_HEADERS = 1024
"""Bytes of ``Access-Control-Request-Headers`` that are mirrored; a longer list is ignored."""

HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        (
            b"atproto-repo-rev, atproto-content-labelers, dpop-nonce, etag, www-authenticate, "
            b"ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit-policy, retry-after"
        ),
    ),
)
"""On every answer."""

_ALLOWED_HEADERS = b"authorization, content-type, dpop, atproto-proxy, atproto-accept-labelers"
_TOKENS = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]+")


def preflight(requested: bytes | None) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of a preflight answer, beside ``HEADERS``.

    ``requested`` is the value of ``Access-Control-Request-Headers``, where the browser sent one.
    """
    allowed = _ALLOWED_HEADERS
    if requested and len(requested) <= MAX_REQUESTED_HEADERS and _TOKENS.fullmatch(requested):
        allowed = requested
    return (
        (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
        (b"access-control-allow-headers", allowed),
        (b"access-control-max-age", b"86400"),
        (b"vary", b"access-control-request-headers"),
    )
