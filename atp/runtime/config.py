"""Settings: declared once on a frozen dataclass, read once at start.

    @dataclass(frozen=True, slots=True)
    class IndexerConfig:
        data_dir: Path = setting(Path("data"), "Folder of the stores.", parse=path)

A field `data_dir` is the flag `--data-dir`, the environment variable `PLYR_DATA_DIR` and the key
`data_dir` of `plyr.toml`; the first of these that gives it wins, then the default. An empty text
counts as not given, so that `PLYR_DATA_DIR=` in a compose file changes nothing. Names that nobody
declared are refused, since a misspelt setting that is silently ignored is worse than no start. All
problems are reported at once.

A parser takes the text of a setting and raises ValueError with the rule that the text breaks.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from atp.errors import InvalidIdentifier
from atp.syntax import Nsid

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ENV_PREFIX = "PLYR_"
_KEY = "setting"

T = TypeVar("T")
C = TypeVar("C", bound="DataclassInstance")


class ConfigError(ValueError):
    """Settings that cannot be used; `problems` has one line for each."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as its users know it; `default` is text as it would be typed, "" when unset."""

    name: str
    env: str
    flag: str
    default: str
    help: str
    switch: bool
    secret: bool


@dataclass(frozen=True, slots=True)
class _Declared:
    help: str
    parse: Callable[[str], object]
    secret: bool


def setting(default: T, about: str, *, parse: Callable[[str], T], secret: bool = False) -> T:
    """Declare a field. The value of a secret one is never shown, neither by repr nor in errors."""
    declared = _Declared(about, parse, secret)
    return dataclasses.field(default=default, repr=not secret, metadata={_KEY: declared})


def describe(config: type[DataclassInstance]) -> list[Setting]:
    """Every setting of `config` in the order of declaration, for `--help` and the docs."""
    return [
        Setting(
            name=field.name,
            env=ENV_PREFIX + field.name.upper(),
            flag="--" + field.name.replace("_", "-"),
            default=_shown(field.default),
            help=_declared(field).help,
            switch=isinstance(field.default, bool),
            secret=_declared(field).secret,
        )
        for field in dataclasses.fields(config)
    ]


def load(
    config: type[C],
    env: Mapping[str, str],
    toml_path: Path | None = None,
    flags: Mapping[str, str | None] | None = None,
    tolerated: Collection[str] = (),
) -> C:
    """Read `config` from `flags` (by field name), `env`, the file at `toml_path`, defaults.

    A file that is not there gives nothing. `tolerated` are environment names that others read:
    settings of other services, whose toml keys are then tolerated too, and test switches. Raises
    `ConfigError`.
    """
    problems: list[str] = []
    toml = _read_toml(toml_path, problems) if toml_path else {}
    known = describe(config)
    given_env = {name: text for name, text in env.items() if name.startswith(ENV_PREFIX)}
    other = set(tolerated)
    problems += _unknown("environment", given_env, {s.env for s in known}, other)
    problems += _unknown(
        str(toml_path), toml, {s.name for s in known}, {_field_name(name) for name in other}
    )
    problems += _unknown("flags", flags or {}, {s.name for s in known}, set())
    values: dict[str, object] = {}
    for item, field in zip(known, dataclasses.fields(config), strict=True):
        sources = (
            (item.flag, (flags or {}).get(item.name)),
            (item.env, env.get(item.env)),
            (f"{item.name} in {toml_path}", toml.get(item.name)),
        )
        source, text = next(((s, t) for s, t in sources if t), ("", None))
        if text is None:
            continue
        try:
            values[item.name] = _declared(field).parse(text)
        except ValueError as exc:
            why = "is not acceptable" if item.secret else f"is {text!r}: {exc}"
            problems.append(f"{source} {why}")
    if problems:
        raise ConfigError(problems)
    return config(**values)


def _declared(field: dataclasses.Field[Any]) -> _Declared:
    return cast("_Declared", field.metadata[_KEY])


def _field_name(env_name: str) -> str:
    return env_name.removeprefix(ENV_PREFIX).lower()


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def _unknown(
    source: str, given: Collection[str], known: Collection[str], tolerated: Collection[str]
) -> list[str]:
    lines = []
    for name in given:
        if name in known or name in tolerated:
            continue
        near = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
        lines.append(f"{name} ({source}) is not a setting: {hint}")
    return lines


def _read_toml(path_: Path, problems: list[str]) -> dict[str, str]:
    try:
        table = tomllib.loads(path_.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        problems.append(f"cannot read {path_}: {exc}")
        return {}
    texts: dict[str, str] = {}
    for name, value in table.items():
        try:
            texts[name] = _toml_text(value)
        except ValueError as exc:
            problems.append(f"{name} in {path_}: {exc}")
    return texts


def _toml_text(value: object) -> str:
    if isinstance(value, list):
        items = [_toml_text(item) for item in value]
        if any("," in item for item in items):
            raise ValueError("an item of a list must not hold a comma")
        return ",".join(items)
    if isinstance(value, str | bool | int):
        return _shown(value)
    raise ValueError("must be a string, a number, a boolean or a list of these")


def text(value: str) -> str:
    """Any text."""
    return value


def switch(value: str) -> bool:
    """`on true 1` or `off false 0`, in any case."""
    word = value.lower()
    if word in {"on", "true", "1"}:
        return True
    if word in {"off", "false", "0"}:
        return False
    raise ValueError("must be on or off")


def path(value: str) -> Path:
    """A file or folder; a leading `~` is the user's home."""
    return Path(value).expanduser()


def comma_list(item: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """A parser of items between commas, each read by `item`; blanks around them do not count."""
    return lambda value: tuple(item(part.strip()) for part in value.split(",") if part.strip())


def url(*schemes: str) -> Callable[[str], str]:
    """A parser of base URLs with one of `schemes`; the result has no slash at its end."""

    def parse(value: str) -> str:
        parts = urlsplit(value)
        rule = f"must be a URL like {schemes[0]}://host, with one of: {', '.join(schemes)}"
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(rule)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(f"{rule}; without user name, query or fragment")
        if parts.port == 0:
            raise ValueError("port 0 is no address to connect to")
        return value.rstrip("/")

    return parse


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a server listens; port 0 lets the system choose one."""

    host: str
    port: int

    @classmethod
    def parse(cls, value: str) -> Listen:
        """`host:port`, with an IPv6 address in brackets."""
        host, colon, port = value.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if not (colon and port.isascii() and port.isdigit() and int(port) <= 65_535):
            raise ValueError("must be host:port, for example 127.0.0.1:8080")
        if not host or (":" in host) is not bracketed:
            raise ValueError("must be host:port, with an IPv6 address as in [::1]:8080")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def namespace(value: str) -> str:
    """What the NSIDs of an environment begin with, for example `fm.plyr` or `fm.plyr.stg`."""
    try:
        Nsid.parse(f"{value}.name")
    except InvalidIdentifier as exc:
        raise ValueError("must be the beginning of an NSID, for example fm.plyr") from exc
    return value
