"""What is said of a file beside its bytes, so that no browser takes it for a page of ours.

The MIME type is its author's word: only sounds and pictures that run no code keep it. Until the
bytes have been checked against the CID nobody may keep them, and they have no tag.
"""

from __future__ import annotations

import re

from atp.cid import Cid
from atp.runtime.asgi import Headers

UNKNOWN = b"application/octet-stream"
_AUDIO = re.compile(r"audio/[a-z0-9][a-z0-9.+-]{0,63}")
_PLAYLISTS = frozenset(("audio/mpegurl", "audio/x-mpegurl", "audio/scpls", "audio/x-scpls"))
"""No sounds: they send players elsewhere."""
_IMAGES = frozenset(f"image/{kind}" for kind in ("jpeg", "png", "webp", "gif", "avif"))

CROSS_ORIGIN: Headers = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"accept-ranges, content-length, content-range, etag, retry-after",
    ),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
SAFE: Headers = (
    *CROSS_ORIGIN,
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"x-frame-options", b"DENY"),
)
"""On every answer."""

KEPT = (b"cache-control", b"public, max-age=31536000, immutable")
NOT_KEPT = (b"cache-control", b"no-store")


def content_type(claimed: str) -> bytes:
    """The type under which a file is served."""
    kind = claimed.partition(";")[0].strip().lower()
    sound = _AUDIO.fullmatch(kind) and kind not in _PLAYLISTS
    return kind.encode() if sound or kind in _IMAGES else UNKNOWN


def about(cid: Cid, kind: bytes, *, verified: bool) -> Headers:
    """The headers of a file of this content type, whole or in part."""
    how = b"attachment" if kind == UNKNOWN else b"inline"
    headers: Headers = (
        *SAFE,
        (b"content-type", kind),
        (b"content-disposition", b'%s; filename="%s"' % (how, str(cid).encode())),
        (b"accept-ranges", b"bytes"),
    )
    return (*headers, (b"etag", etag(cid)), KEPT) if verified else (*headers, NOT_KEPT)


def etag(cid: Cid) -> bytes:
    """The tag of a file: a strong one, as its bytes can be no others."""
    return b'"%s"' % str(cid).encode()


def has(if_none_match: bytes | None, tag: bytes) -> bool:
    """Whether the caller has the file with this tag."""
    held = {part.strip().removeprefix(b"W/") for part in (if_none_match or b"").split(b",")}
    return b"*" in held or tag in held


def still(if_range: bytes | None, tag: bytes | None) -> bool:
    """Whether a range may be answered, as far as ``If-Range`` goes; ``tag`` is None without one."""
    return if_range is None or if_range.strip() == tag
