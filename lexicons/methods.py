"""XRPC methods as the router sees them: parameters in, answers out (spec §3).

Parameters arrive as text and leave as the values that the schema describes: integers, booleans,
arrays from repeated names, identifiers parsed to their types, defaults filled in. What the schema
does not allow is refused with a sentence for the caller; names that it does not mention are
ignored. A procedure's body stays as it came once it is found to fit. Answers are checked in tests,
where a slip is found before anybody meets it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import orjson

from atp.cbor import Value
from atp.data import from_json
from atp.errors import AtpError, DataError
from atp.syntax import FORMATS, Nsid
from lexicons import schema
from lexicons.catalog import Catalog, UnknownSchemaError
from lexicons.checks import make_check
from lexicons.problem import Problem, Rule
from lexicons.scalars import Check, shown

_INTEGER = re.compile("0|-?[1-9][0-9]{0,18}")
_BOOLEANS = {"true": True, "false": False}
_Scalar: TypeAlias = schema.Boolean | schema.Integer | schema.String


class _Unparsed(ValueError):
    """Text that is not of a parameter's type; the message names the type."""


class ParamsError(AtpError):
    """Parameters that a method does not allow; the text is meant for the caller."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One parameter; ``repeated`` where its name may occur several times, for an array."""

    name: str
    default: bool | int | str | None
    repeated: bool
    required: bool
    parse: Callable[[str], Value]
    check: Check
    typed: Callable[[Value], object]

    def read(self, texts: Sequence[str]) -> object:
        """The value that the texts given under the name stand for. Raises `ParamsError`."""
        if self.repeated:
            items = [self._parsed(text, f"{self.name}/{index}") for index, text in enumerate(texts)]
            self._require_sound(items)
            return [self.typed(item) for item in items]
        if len(texts) > 1:
            raise ParamsError(f"{self.name}: may be given only once, not {len(texts)} times")
        value = self._parsed(texts[0], self.name)
        self._require_sound(value)
        return self.typed(value)

    def _parsed(self, text: str, path: str) -> Value:
        try:
            return self.parse(text)
        except _Unparsed as exc:
            raise ParamsError(f"{path}: must be {exc}, not {shown(text)}") from exc

    def _require_sound(self, value: Value) -> None:
        if found := self.check(value):
            raise ParamsError(str(found[0].under(self.name)))


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A query or procedure, ready to be routed; satisfies the router's protocol.

    ``errors`` are the names of the errors that it may answer with besides the general ones. It
    equals nothing but itself, so that its hash costs nothing.
    """

    nsid: Nsid
    kind: Literal["query", "procedure"]
    errors: frozenset[str]
    _parameters: tuple[_Parameter, ...]
    _check_input: Check | None
    _check_answer: Check | None

    def params(self, pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
        """The parameters that the decoded ``pairs`` of a query string give, by name.

        One that is not given and has no default is not in the result. Raises `ParamsError`.
        """
        given: dict[str, list[str]] = {}
        for name, text in pairs:
            given.setdefault(name, []).append(text)
        values: dict[str, object] = {}
        for parameter in self._parameters:
            if texts := given.get(parameter.name):
                values[parameter.name] = parameter.read(texts)
            elif parameter.default is not None:
                values[parameter.name] = parameter.default
            elif parameter.required:
                raise ParamsError(f"{parameter.name}: is required")
        return values

    @property
    def takes_input(self) -> bool:
        """Whether it has a JSON body."""
        return self._check_input is not None

    def input(self, body: bytes) -> object:
        """The JSON value of a body that the schema allows. Raises `ParamsError`."""
        assert self._check_input is not None, "a method without a body is sent none"
        try:
            value = orjson.loads(body)
            problems = self._check_input(from_json(value))
        except (orjson.JSONDecodeError, DataError) as exc:
            raise ParamsError(f"the body is not the JSON of a method: {exc}") from exc
        if problems:
            raise ParamsError(f"body{problems[0]}")
        return value

    def check_output(self, answer: object) -> list[Problem]:
        """What is wrong with an answer in JSON form, by the schema of the method's output."""
        if self._check_answer is None:
            return []
        try:
            return list(self._check_answer(from_json(answer)))
        except DataError as exc:
            return [Problem("", str(exc), Rule.TYPE)]


def method(catalog: Catalog, nsid: Nsid) -> Method:
    """The method of that name. Raises `UnknownSchemaError` where the catalogue has none."""
    definition = catalog.methods.get(nsid)
    if definition is None:
        raise UnknownSchemaError(f"{nsid}: no schema of such a method is known")
    parameters = tuple(
        _parameter(name, field, required=name in definition.params.required)
        for name, field in definition.params.properties.items()
    )
    given, answer = (
        make_check(body, catalog.checks) if body else None
        for body in (definition.input, definition.output)
    )
    return Method(nsid, definition.kind, definition.errors, parameters, given, answer)


def _parameter(name: str, field: _Scalar | schema.Array, *, required: bool) -> _Parameter:
    repeated = isinstance(field, schema.Array)
    scalar = field.items if isinstance(field, schema.Array) else field
    assert isinstance(scalar, schema.Boolean | schema.Integer | schema.String), name
    return _Parameter(
        name,
        None if repeated else scalar.default,
        repeated,
        required,
        _PARSERS[type(scalar)],
        make_check(field, {}),
        _typing(scalar),
    )


def _typing(scalar: _Scalar) -> Callable[[Value], object]:
    """What makes a sound value the type that its format has, if the format has one."""
    if not isinstance(scalar, schema.String) or scalar.format is None:
        return _as_it_is
    parse = FORMATS[scalar.format]

    def typed(value: Value) -> object:
        assert isinstance(value, str), "the schema's check has seen it"
        parsed = parse(value)
        return parsed if isinstance(parsed, str) else value

    return typed


def _as_it_is(value: Value) -> object:
    return value


def _boolean(text: str) -> Value:
    if text not in _BOOLEANS:
        raise _Unparsed("true or false")
    return _BOOLEANS[text]


def _integer(text: str) -> Value:
    if not _INTEGER.fullmatch(text):
        raise _Unparsed("an integer")
    return int(text)


_PARSERS: Mapping[type[_Scalar], Callable[[str], Value]] = {
    schema.Boolean: _boolean,
    schema.Integer: _integer,
    schema.String: str,
}
