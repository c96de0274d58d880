"""Settings: sources, derived values, and the flags of child processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from atp.runtime.config import ConfigError, Listen
from atp.syntax import Did
from ops.settings import Settings, as_flags, load


def flags_of(arguments: list[str]) -> dict[str, str | None]:
    """Command-line flags by setting name."""
    pairs = [argument.removeprefix("--").partition("=") for argument in arguments]
    return {name.replace("-", "_"): value for name, _, value in pairs}


def test_a_first_run_needs_nothing() -> None:
    """The defaults are those of the contract."""
    settings = load({}, {})
    assert settings == Settings()
    assert settings.url == "http://localhost:8080"
    assert settings.did == "did:web:localhost%3A8080"
    assert not settings.starts_at_oldest


def test_a_stream_begins_at_the_oldest_on_local_networks() -> None:
    """`PLYR_START` wins; unset it follows whether private hosts are allowed."""
    local = Settings(allow_private_hosts=True)
    assert local.starts_at_oldest
    assert not replace(local, start="live").starts_at_oldest
    assert Settings(start="oldest").starts_at_oldest


def test_our_own_labels_count_once_there_is_a_key() -> None:
    """Ours come first, and once; without a key there are none to wait for."""
    other = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
    settings = Settings(labelers=(other,), public_url="https://plyr.example.com")
    assert settings.followed == (other,)
    with_key = replace(settings, labeler_key_file=Path("key"))
    assert with_key.followed == ("did:web:plyr.example.com", other)
    assert replace(with_key, labelers=(other, with_key.did)).followed == (with_key.did, other)
    assert replace(with_key, labeler_did=other).followed == (other,)


def test_a_public_listener_needs_its_url() -> None:
    """Nobody can guess under which name others reach an open listener."""
    settings = Settings(listen=Listen("0.0.0.0", 80))
    with pytest.raises(ConfigError, match="PLYR_PUBLIC_URL"):
        _ = settings.url
    named = replace(settings, public_url="https://plyr.example.com")
    assert named.did == "did:web:plyr.example.com"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(
            data_dir=Path("/srv/plyr data"),
            namespace="fm.plyr.stg",
            relays=("wss://a.example.com", "ws://[::1]:2583"),
            start="oldest",
            listen=Listen("::1", 9),
            public_url="https://plyr.example.com",
            handle_resolver_url=("http://127.0.0.1:1", "http://127.0.0.1:2"),
            allow_private_hosts=True,
            trusted_media=("https://a.example.com", "https://b.example.com/media"),
            blob_url="https://media.example.com",
            blob_cache_mb=256,
            metrics_listen=Listen("127.0.0.1", 9090),
            labeler_key_file=Path("/srv/plyr keys/labeler"),
            labeler_did=Did("did:web:labels.example.com"),
        ),
    ],
)
def test_flags_carry_all_settings(settings: Settings) -> None:
    """A child process that gets the flags has the same settings."""
    assert load(flags_of(as_flags(settings)), {}) == settings


def test_an_explicit_off_beats_the_environment() -> None:
    """The indexer under a supervisor leaves the metrics address to the web process."""
    env = {"PLYR_METRICS_LISTEN": "127.0.0.1:9090"}
    assert load({}, env).metrics_listen == Listen("127.0.0.1", 9090)
    assert load({"metrics_listen": "off"}, env).metrics_listen is None


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PLYR_RELAY": "wss://x.example.com"}, "did you mean PLYR_RELAYS"),
        ({"PLYR_RELAYS": "https://x.example.com"}, "wss://"),
        ({"PLYR_START": "yesterday"}, "live or oldest"),
        ({"PLYR_NAMESPACE": "plyr"}, "NSID"),
        ({"PLYR_LISTEN": "8080"}, "host:port"),
        ({"PLYR_BLOB_CACHE_MB": "255"}, "256 or more"),
        ({"PLYR_BLOB_CACHE_MB": "2GB"}, "256 or more"),
        ({"PLYR_TRUSTED_MEDIA": "audio.plyr.fm"}, "https://"),
    ],
)
def test_a_bad_setting_is_refused_with_its_remedy(env: dict[str, str], said: str) -> None:
    """The message names the setting and what is allowed."""
    with pytest.raises(ConfigError, match=said):
        load({}, env)
