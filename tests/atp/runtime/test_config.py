"""Settings: sources and their order, refusals, parsers, description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path

import pytest

from atp.runtime import config
from atp.runtime.config import ConfigError, Listen, setting


@dataclass(frozen=True, slots=True)
class Sample:
    """One setting of each kind."""

    data_dir: Path = setting(Path("data"), "Folder of the stores.", parse=config.path)
    relays: tuple[str, ...] = setting(
        ("wss://a.example",), "Relays.", parse=config.comma_list(config.url("wss", "ws"))
    )
    allow_private: bool = setting(False, "Local networks.", parse=config.switch)
    listen: Listen = setting(Listen("127.0.0.1", 8080), "Address.", parse=Listen.parse)
    metrics_listen: Listen | None = setting(None, "Metrics.", parse=Listen.parse)
    namespace: str = setting("fm.plyr", "Environment.", parse=config.namespace)
    api_token: str = setting("", "A secret.", parse=config.text, secret=True)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "plyr.toml"


def test_defaults_stand_where_nothing_is_given(toml: Path) -> None:
    """No flags, no environment, no file: the declared defaults, in a frozen value."""
    loaded = config.load(Sample, {}, toml)
    assert loaded == Sample()
    with pytest.raises(FrozenInstanceError):
        loaded.namespace = "x.y"  # type: ignore[misc]


def test_flags_win_over_environment_over_file_over_default(toml: Path) -> None:
    """Each source stands in for what the ones before it did not give."""
    toml.write_text('namespace = "c.toml"\ndata_dir = "toml"\nlisten = "h:3"\n')
    env = {"PLYR_NAMESPACE": "b.env", "PLYR_DATA_DIR": "env", "HOME": "/elsewhere"}
    loaded = config.load(Sample, env, toml, {"namespace": "a.flag", "data_dir": None})
    assert (loaded.namespace, loaded.data_dir, loaded.listen, loaded.allow_private) == (
        "a.flag",
        Path("env"),
        Listen("h", 3),
        False,
    )


def test_an_empty_text_counts_as_not_given(toml: Path) -> None:
    """An empty variable or flag lets the next source speak."""
    toml.write_text('namespace = "c.toml"\n')
    loaded = config.load(Sample, {"PLYR_NAMESPACE": "", "PLYR_RELAYS": ""}, toml, {"namespace": ""})
    assert loaded.namespace == "c.toml"
    assert loaded.relays == ("wss://a.example",)


def test_toml_may_use_its_own_types(toml: Path) -> None:
    """Booleans and lists of a file mean what their texts mean."""
    toml.write_text('allow_private = true\nrelays = ["ws://x:1", "wss://y/"]\n')
    loaded = config.load(Sample, {}, toml)
    assert loaded.allow_private is True
    assert loaded.relays == ("ws://x:1", "wss://y")


def test_unknown_names_are_refused_with_the_nearest(toml: Path) -> None:
    """A misspelt name in any source is a problem that names the source and a known name."""
    toml.write_text('name_space = "x.y"\n')
    with pytest.raises(ConfigError) as caught:
        config.load(Sample, {"PLYR_DATADIR": "x", "OTHER_THING": "x"}, toml, {"relay": "ws://x"})
    env, file, flag = caught.value.problems
    assert env == "PLYR_DATADIR (environment) is not a setting: did you mean PLYR_DATA_DIR?"
    assert file == f"name_space ({toml}) is not a setting: did you mean namespace?"
    assert flag == "relay (flags) is not a setting: did you mean relays?"


def test_a_name_like_no_other_is_answered_with_the_list() -> None:
    """Where no name is near, all are shown."""
    with pytest.raises(ConfigError, match=r"known: .*PLYR_API_TOKEN.*PLYR_RELAYS"):
        config.load(Sample, {"PLYR_QQQQ": "1"})


def test_names_of_others_are_tolerated(toml: Path) -> None:
    """Settings of another service and test switches pass, in environment and file."""
    toml.write_text("other_thing = 1\n")
    env = {"PLYR_SHARED": "x", "PLYR_OTHER_THING": "y"}
    tolerated = {"PLYR_SHARED", "PLYR_OTHER_THING"}
    assert config.load(Sample, env, toml, tolerated=tolerated) == Sample()


def test_all_problems_come_at_once_with_their_source(toml: Path) -> None:
    """Each bad value is shown with where it stands and what is allowed."""
    toml.write_text('allow_private = "maybe"\nnamespace = [{}]\n')
    with pytest.raises(ConfigError) as caught:
        config.load(Sample, {"PLYR_LISTEN": "nowhere"}, toml, {"relays": "http://x"})
    assert sorted(caught.value.problems) == [
        "--relays is 'http://x': must be a URL like wss://host, with one of: wss, ws",
        "PLYR_LISTEN is 'nowhere': must be host:port, for example 127.0.0.1:8080",
        f"allow_private in {toml} is 'maybe': must be on or off",
        f"namespace in {toml}: must be a string, a number, a boolean or a list of these",
    ]


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_a_problem(toml: Path, content: bytes) -> None:
    """A broken file is refused by name, not passed over."""
    toml.write_bytes(content)
    with pytest.raises(ConfigError, match=r"cannot read .*plyr\.toml"):
        config.load(Sample, {}, toml)


def test_a_list_item_with_a_comma_is_refused(toml: Path) -> None:
    """A list in the file cannot mean another list than it shows."""
    toml.write_text('relays = ["wss://x,wss://y"]\n')
    with pytest.raises(ConfigError, match="must not hold a comma"):
        config.load(Sample, {}, toml)


def refuse(value: str) -> str:
    raise ValueError(f"{value} is too short")


@dataclass(frozen=True, slots=True)
class Secretive:
    """A secret that is never accepted."""

    api_token: str = setting("", "A secret.", parse=refuse, secret=True)


def test_a_secret_is_never_shown() -> None:
    """Neither repr, nor an error, nor the description holds a secret's value."""
    loaded = config.load(Sample, {"PLYR_API_TOKEN": "hunter2"})
    assert loaded.api_token == "hunter2"
    assert "hunter2" not in repr(loaded)
    with pytest.raises(ConfigError) as caught:
        config.load(Secretive, {"PLYR_API_TOKEN": "hunter2"})
    assert str(caught.value) == "PLYR_API_TOKEN is not acceptable"


def test_describe_lists_every_setting_as_typed() -> None:
    """Each default is given as a user would type it, and parses back to the default."""
    described = config.describe(Sample)
    assert [(item.env, item.flag, item.default) for item in described] == [
        ("PLYR_DATA_DIR", "--data-dir", "data"),
        ("PLYR_RELAYS", "--relays", "wss://a.example"),
        ("PLYR_ALLOW_PRIVATE", "--allow-private", "off"),
        ("PLYR_LISTEN", "--listen", "127.0.0.1:8080"),
        ("PLYR_METRICS_LISTEN", "--metrics-listen", ""),
        ("PLYR_NAMESPACE", "--namespace", "fm.plyr"),
        ("PLYR_API_TOKEN", "--api-token", ""),
    ]
    assert [item.help for item in described][:2] == ["Folder of the stores.", "Relays."]
    assert [item.name for item in described if item.switch] == ["allow_private"]
    assert [item.name for item in described if item.secret] == ["api_token"]
    assert config.load(Sample, {item.env: item.default for item in described}) == Sample()


@pytest.mark.parametrize(
    ("parse", "value", "meant"),
    [
        (config.switch, "ON", True),
        (config.switch, "true", True),
        (config.switch, "1", True),
        (config.switch, "off", False),
        (config.switch, "False", False),
        (config.switch, "0", False),
        (config.comma_list(config.text), " a ,, b,", ("a", "b")),
        (
            config.url("https", "http"),
            "https://x.example:8443/base/",
            "https://x.example:8443/base",
        ),
        (config.url("ws"), "ws://[::1]:99", "ws://[::1]:99"),
        (Listen.parse, "localhost:0", Listen("localhost", 0)),
        (Listen.parse, "[::1]:80", Listen("::1", 80)),
        (config.namespace, "fm.plyr.stg", "fm.plyr.stg"),
        (config.path, "~/x", Path.home() / "x"),
    ],
)
def test_a_parser_reads(parse: Callable[[str], object], value: str, meant: object) -> None:
    """Each kind of value has its forms."""
    assert parse(value) == meant


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (config.switch, "yes"),
        (config.url("https"), "http://x.example"),
        (config.url("https"), "https://"),
        (config.url("https"), "x.example"),
        (config.url("https"), "https://user:pw@x.example"),
        (config.url("https"), "https://x.example?q"),
        (config.url("https"), "https://x.example#f"),
        (config.url("https"), "https://x.example:99999"),
        (config.url("https"), "https://x.example:0"),
        (Listen.parse, "8080"),
        (Listen.parse, ":8080"),
        (Listen.parse, "host:"),
        (Listen.parse, "host:65536"),
        (Listen.parse, "host:-1"),
        (Listen.parse, "::1:80"),
        (Listen.parse, "[host]:80"),
        (config.namespace, "fm"),
        (config.namespace, "fm.plyr."),
        (config.namespace, "fm.plyr.*"),
        (config.comma_list(config.switch), "on,perhaps"),
    ],
)
def test_a_parser_refuses(parse: Callable[[str], object], value: str) -> None:
    """What is none of the forms is a ValueError with the rule."""
    with pytest.raises(ValueError, match=r"must be|port|Port"):
        parse(value)


@pytest.mark.parametrize("value", ["127.0.0.1:8080", "[::1]:80"])
def test_a_listen_address_reads_back(value: str) -> None:
    """The text of an address is its setting."""
    assert str(Listen.parse(value)) == value
