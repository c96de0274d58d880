"""The settings of every service, declared once; `docs/CONFIG.md` lists them and a test compares."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from appview.media import TRUSTED
from atp.runtime import config
from atp.runtime.caller import Network
from atp.runtime.config import Listen, setting
from atp.syntax import Did

TOML = Path("plyr.toml")
TEST_SWITCHES = ("PLYR_SHARED", "PLYR_REQUIRE_ALL", "PLYR_LONG")
MIN_CACHE_MB = 256  # room for the largest blobs, two at a time
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _start(value: str) -> str:
    if value not in ("live", "oldest"):
        raise ValueError("must be live or oldest")
    return value


def _listen_or_off(value: str) -> Listen | None:
    return None if value == "off" else Listen.parse(value)


def _megabytes(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or int(value) < MIN_CACHE_MB:
        raise ValueError(f"must be a whole number, {MIN_CACHE_MB} or more")
    return int(value)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set. None of it is needed for a first run."""

    data_dir: Path = setting(
        Path("data"), "Folder of the stores; made when it is missing.", parse=config.path
    )
    namespace: str = setting(
        "fm.plyr",
        "What the NSIDs of our records and queries begin with: fm.plyr, fm.plyr.stg, fm.plyr.dev.",
        parse=config.namespace,
    )
    relays: tuple[str, ...] = setting(
        ("wss://relay1.us-east.bsky.network",),
        "Streams to index, comma-separated: relays or single PDSes, as ws(s) base URLs.",
        parse=config.comma_list(config.url("wss", "ws")),
    )
    start: str | None = setting(
        None,
        "Where a stream without a stored cursor begins: live or oldest."
        " Unset: oldest where private hosts are allowed, else live.",
        parse=_start,
    )
    labelers: tuple[Did, ...] = setting(
        (),
        "Labelers whose labels are followed and obeyed, comma-separated DIDs.",
        parse=config.comma_list(Did.parse),
    )
    plc_url: str = setting(
        "https://plc.directory",
        "Directory that resolves did:plc.",
        parse=config.url("https", "http"),
    )
    listen: Listen = setting(
        Listen("127.0.0.1", 8080), "Address of the public listener.", parse=Listen.parse
    )
    public_url: str | None = setting(
        None,
        "URL under which others reach the listener."
        " Unset: http://localhost:<port>, on a loopback listener only.",
        parse=config.url("https", "http"),
    )
    service_did: Did | None = setting(
        None, "DID of this service. Unset: did:web of the public URL.", parse=Did.parse
    )
    labeler_key_file: Path | None = setting(
        None,
        "File with the k256 key that labels are signed with; plyr label keygen makes one."
        " Unset: nothing is labelled.",
        parse=config.path,
    )
    labeler_did: Did | None = setting(
        None, "DID of the labeler. Unset: that of this service.", parse=Did.parse
    )
    trusted_proxies: tuple[Network, ...] = setting(
        (ip_network("127.0.0.0/8"), ip_network("::1")),
        "Networks whose X-Forwarded-For is believed, comma-separated: those of reverse proxies.",
        parse=config.comma_list(ip_network),
    )
    handle_resolver_url: tuple[str, ...] = setting(
        (),
        "Servers asked com.atproto.identity.resolveHandle, in turn, for handles that DNS does not"
        " know; comma-separated, for local networks.",
        parse=config.comma_list(config.url("https", "http")),
    )
    allow_private_hosts: bool = setting(
        False,
        "Let http, any port and loopback or private addresses through, for local networks.",
        parse=config.switch,
    )
    trusted_media: tuple[str, ...] = setting(
        TRUSTED,
        "Origins to which the addresses that records claim for sounds and pictures may lead,"
        " comma-separated; any other is left out of answers.",
        parse=config.comma_list(config.url("https", "http")),
    )
    blob_url: str | None = setting(
        None,
        "Base URL of links to blobs, where they have an origin of their own."
        " Unset: the public URL.",
        parse=config.url("https", "http"),
    )
    blob_cache_mb: int = setting(
        2048,
        f"Megabytes of disk for blobs fetched from PDSes, {MIN_CACHE_MB} or more.",
        parse=_megabytes,
    )
    metrics_listen: Listen | None = setting(
        None, "Address of /metrics (Prometheus text). Unset or off: none.", parse=_listen_or_off
    )

    @property
    def starts_at_oldest(self) -> bool:
        """Whether a stream without a stored cursor begins at its oldest event."""
        return self.allow_private_hosts if self.start is None else self.start == "oldest"

    @property
    def url(self) -> str:
        """The public URL; raises `ConfigError` when it cannot be guessed."""
        if self.public_url is not None:
            return self.public_url
        if self.listen.host not in LOOPBACK:
            raise config.ConfigError(
                [f"PLYR_LISTEN {self.listen} is no loopback address: set PLYR_PUBLIC_URL as well"]
            )
        return f"http://localhost:{self.listen.port}"

    @property
    def did(self) -> Did:
        """The service's DID."""
        return self.service_did or self.web_did

    @property
    def labeler(self) -> Did:
        """Whose labels ours are."""
        return self.labeler_did or self.did

    @property
    def followed(self) -> tuple[Did, ...]:
        """The labelers whose labels count here: ours first, where it has a key."""
        if self.labeler_key_file is None:
            return self.labelers
        return tuple(dict.fromkeys((self.labeler, *self.labelers)))

    @property
    def web_did(self) -> Did:
        """The DID whose document this listener serves."""
        host = self.url.split("://", 1)[1].split("/", 1)[0]
        return Did.parse("did:web:" + host.replace(":", "%3A"))


def load(flags: Mapping[str, str | None], env: Mapping[str, str] = os.environ) -> Settings:
    """The settings from flags, environment and `plyr.toml`; raises `ConfigError`."""
    return config.load(Settings, env, TOML, flags, TEST_SWITCHES)


def as_flags(settings: Settings) -> list[str]:
    """The settings as command-line flags, for a child process that is to have the same."""
    flags = []
    for item in config.describe(Settings):
        value = getattr(settings, item.name)
        if isinstance(value, bool):
            value = "on" if value else "off"
        elif isinstance(value, tuple):
            value = ",".join(map(str, value))
        if value not in (None, ""):
            flags.append(f"{item.flag}={value}")
    return flags
