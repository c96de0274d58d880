"""Which URLs and addresses may be asked when network data named them (pure rules).

Anyone can write a URL into a DID document or a handle, so a URL is admitted by its shape, not by
what a parser makes of it: one regular expression says what is allowed, and text that it accepts
means the same to every URL parser. After the name is resolved, each address must be globally
routable unicast. IPv6 is an allow-list (``2000::/3``), so IPv4-mapped, NAT64, unique-local,
link-local and loopback forms need no names of their own; 6to4 and Teredo, which carry an IPv4
address inside that range, are taken out again. The tables stand here because those of the
``ipaddress`` module differ between Python versions.

``allow_private`` is for local networks: it admits http, any port, single-label names, IP literals
and the addresses in `LOCAL`, yet never link-local ones, where clouds keep their credentials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Self

MAX_URL = 8_192
"""Characters of a URL, as the lexicon format ``uri`` allows."""

MAX_HOST = 253
"""Characters of a DNS name."""

RESERVED_TLDS = frozenset(
    ("alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test")
)
"""Top-level names that no public server has (spec §5.1, §7)."""

LOCAL = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
)
"""Where local networks live: admitted with ``allow_private`` alone."""

_NOT_PUBLIC = (
    IPv4Network("0.0.0.0/8"),  # this network
    IPv4Network("169.254.0.0/16"),  # link-local, cloud metadata
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.0.2.0/24"),  # documentation
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("198.18.0.0/15"),  # benchmarks
    IPv4Network("198.51.100.0/24"),  # documentation
    IPv4Network("203.0.113.0/24"),  # documentation
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("240.0.0.0/4"),  # reserved, broadcast
    IPv6Network("2001::/23"),  # protocol assignments, Teredo
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),  # documentation
)
_GLOBAL_V6 = IPv6Network("2000::/3")

_URL = re.compile(
    r"(?P<scheme>https?|wss?)://"
    r"(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#][!-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_PUBLIC_NAME = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?P<tld>[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)",
    re.ASCII,
)


class NotAllowed(ValueError):
    """A URL or an address that may not be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a URL addresses: with TLS or not, the lower-case host, the port.

    ``ws`` and ``http`` are one origin, and so are ``wss`` and ``https``. ``host`` is a DNS name or
    an IP literal without brackets.
    """

    secure: bool
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of an http(s) or ws(s) URL, or `NotAllowed` for any other text."""
        match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
        if match is None:
            raise NotAllowed("not an http(s) or ws(s) URL of plain characters without a user name")
        secure = match["scheme"].lower() in ("https", "wss")
        port = int(match["port"] or (443 if secure else 80))
        if not 0 < port < 65_536:
            raise NotAllowed(f"port {port} does not exist")
        return cls(secure, match["host"].lower().strip("[]"), port)


def check_public_origin(origin: Origin) -> None:
    """Raise `NotAllowed` unless a public server can have this origin."""
    if not origin.secure:
        raise NotAllowed("only https is allowed")
    if origin.port != 443:
        raise NotAllowed(f"port {origin.port} is not the default port")
    name = _PUBLIC_NAME.fullmatch(origin.host) if len(origin.host) <= MAX_HOST else None
    if name is None:
        raise NotAllowed("the host is not a DNS name with a dot")
    if name["tld"] in RESERVED_TLDS:
        raise NotAllowed(f"nothing public is under .{name['tld']}")


def check_address(address: str, *, allow_private: bool) -> None:
    """Raise `NotAllowed` unless one may connect to this IP address.

    Without ``allow_private``: globally routable unicast alone.
    """
    try:
        parsed = ip_address(address)
    except ValueError as exc:
        raise NotAllowed(f"{address!r} is not an IP address") from exc
    if any(parsed in network for network in LOCAL):
        if not allow_private:
            raise NotAllowed(f"{address} is a private address")
        return
    globally = parsed.version == 4 or parsed in _GLOBAL_V6
    if not globally or any(parsed in network for network in _NOT_PUBLIC):
        raise NotAllowed(f"{address} is not a globally routable unicast address")


def is_address(host: str) -> bool:
    """Whether a host is an IP address rather than a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
