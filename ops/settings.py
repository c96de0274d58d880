"""The settings of every service, declared once; `docs/CONFIG.md` lists them and a test compares."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from atp.runtime import config
from atp.runtime.config import Listen, setting
from atp.syntax import Did

TOML = Path("plyr.toml")
TEST_SWITCHES = ("PLYR_SHARED", "PLYR_REQUIRE_ALL", "PLYR_LONG")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _start(value: str) -> str:
    if value not in ("live", "oldest"):
        raise ValueError("must be live or oldest")
    return value


def _listen_or_off(value: str) -> Listen | None:
    return None if value == "off" else Listen.parse(value)


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
        if self.service_did is not None:
            return self.service_did
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
            value = ",".join(value)
        if value not in (None, ""):
            flags.append(f"{item.flag}={value}")
    return flags
