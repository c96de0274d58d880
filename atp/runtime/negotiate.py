"""What an answer's receiver has already, and in which form they can read it (RFC 9110).

The tag of an answer is a hash of its content, whatever its encoding, and so a weak one; an answer
that is put together from parts may bring one that was made of theirs. Whoever
sends it back and would be sent the same gets 304 and no body. Texts of more than a packet are
compressed for those who say that they can read it.
"""

from __future__ import annotations

import gzip
from base64 import urlsafe_b64encode
from hashlib import blake2b

import zstandard

from atp.runtime.asgi import Headers, Request, Response

WORTH_IT = 1_400
"""Bytes below which a body fits into one packet, and is left as it is."""

_GZIP_LEVEL = 5
_READABLE = (b"application/json", b"text/")
_ENCODINGS = (b"zstd", b"gzip")
"""Those that we write, the better one first."""


def negotiated(request: Request, response: Response, vary: bytes, told: Headers = ()) -> Response:
    """The answer as this caller is to have it, with the headers ``told``.

    ``vary`` names the headers of the request that it depends on.
    """
    if response.status != 200 or request.verb not in ("GET", "HEAD"):
        return response.also(told)
    tag = response.tag or etag(response.body)
    tagged = response.also((*told, (b"etag", tag), (b"vary", vary)))
    if _has(request.header(b"if-none-match"), tag):
        return tagged._replace(status=304, body=b"")
    accepted = request.header(b"accept-encoding")
    if accepted and len(response.body) >= WORTH_IT and response.content_type.startswith(_READABLE):
        encoding = chosen(accepted)
        if encoding is not None:
            packed = tagged.also(((b"content-encoding", encoding),))
            return packed._replace(body=_encode(encoding, response.body))
    return tagged


def etag(body: bytes) -> bytes:
    """The tag of that content."""
    return b'W/"%s"' % urlsafe_b64encode(digest(body))


def digest(content: bytes) -> bytes:
    """What tells this content from any other, in so many bytes that base64 needs no padding."""
    return blake2b(content, digest_size=15).digest()


def chosen(accepted: bytes) -> bytes | None:
    """The encoding that an ``Accept-Encoding`` header likes best of ours; None for none."""
    weights = dict(map(_weighed, accepted.lower().split(b",")))
    anything = weights.get(b"*", 0.0)
    best = max(_ENCODINGS, key=lambda name: weights.get(name, anything))
    return best if weights.get(best, anything) > 0 else None


def _weighed(part: bytes) -> tuple[bytes, float]:
    name, *parameters = (piece.strip() for piece in part.split(b";"))
    for parameter in parameters:
        if parameter.startswith(b"q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0


def _has(condition: bytes | None, tag: bytes) -> bool:
    if condition is None:
        return False
    held = {part.strip().removeprefix(b"W/") for part in condition.split(b",")}
    return b"*" in held or tag.removeprefix(b"W/") in held


def _encode(encoding: bytes, body: bytes) -> bytes:
    if encoding == b"zstd":
        return zstandard.compress(body)
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)
