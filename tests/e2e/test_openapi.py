"""What `/openapi.json` promises, tried on every operation of a filled index by schemathesis."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from atp.jwt import sign
from atp.keys import Curve, PrivateKey
from lexicons.names import Names
from ops.scene import RELEASES
from ops.world.keys import Secrets
from tests.e2e.plyr import running

NAMES = Names()
SEED = 7
TOO_MANY = 429
EXAMPLES = {GenerationMode.POSITIVE: 100, GenerationMode.NEGATIVE: 30}
"""Of each operation: sound calls, and calls that break its schema."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@dataclass
class Api:
    """A demo, its document, and what there is to ask for."""

    url: str
    service: str
    document: dict[str, Any]
    known: dict[str, list[str]] = field(default_factory=dict)
    callers: dict[str, PrivateKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tracks = self._get("feed.getLatestTracks", "limit=100")["tracks"]
        uris, authors = [one["uri"] for one in tracks], [one["author"] for one in tracks]
        dids = sorted({one["did"] for one in authors})
        handles = sorted({one["handle"] for one in authors})
        lists = [
            one["uri"]
            for did in dids
            for one in self._get("graph.getActorLists", f"actor={did}")["lists"]
        ]
        self.known = {
            "at-uri": [*uris, *lists],
            "did": dids,
            "at-identifier": [*dids, *handles],
            "handle": handles,
            "nsid": [*map(str, NAMES.collections)],
            "record-key": [uri.rpartition("/")[2] for uri in uris],
        }
        by_handle = {one["handle"]: one["did"] for one in authors}
        self.callers = {
            by_handle[handle]: _key(number)
            for number, release in enumerate(RELEASES)
            if (handle := f"{release.name}.test") in by_handle
        }

    def _get(self, name: str, query: str) -> Any:
        with urlopen(f"{self.url}/xrpc/{NAMES.query(name)}?{query}") as answer:
            return json.load(answer)

    def headers(self, case: Case[Any], caller: str | None) -> dict[str, str]:
        """What a call has with which the caller proves who it is; nobody has nothing."""
        if caller is None:
            return {}
        claims = {
            "iss": caller,
            "aud": self.service,
            "exp": int(time.time()) + 60,
            "lxm": case.operation.definition.raw["operationId"],
            "jti": uuid4().hex,
        }
        return {"Authorization": f"Bearer {sign(claims, self.callers[caller])}"}

    def real(self, schema: Mapping[str, Any]) -> st.SearchStrategy[Any] | None:
        """Values of a parameter that name something."""
        known = self.known.get(schema.get("format", ""))
        if schema.get("type") == "array":
            item = self.real(schema["items"])
            return None if item is None else st.lists(item, min_size=1, max_size=3)
        return None if known is None else st.sampled_from(known)


def _key(number: int) -> PrivateKey:
    """The signing key of an account of the demo's world."""
    curve = (Curve.P256, Curve.K256)[number % 2]
    return Secrets(SEED, f"account {number}").key("signing 0", curve)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """One demo for all tests here."""
    with running("demo", "--listen=127.0.0.1:0", f"--seed={SEED}") as started:
        url = started.said["appview"]
        with urlopen(f"{url}/openapi.json") as answer:
            document = json.load(answer)
        yield Api(url, started.said["serviceDid"], document)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", EXAMPLES)
def test_every_operation_keeps_what_the_document_says(api: Api, mode: GenerationMode) -> None:
    """No 5xx, no status, media type or shape that it does not tell of; called by anybody and known.

    Sound calls ask for what is there half of the time.
    """
    schema = schemathesis.openapi.from_dict(api.document)
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        tried += 1
        raw = operation.definition.raw
        if mode is GenerationMode.NEGATIVE and not (raw["parameters"] or "requestBody" in raw):
            continue  # there is nothing to break

        @settings(
            max_examples=EXAMPLES[mode],
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode), data=st.data())
        def holds(case: Case[Any], data: st.DataObject) -> None:
            if mode is GenerationMode.POSITIVE and data.draw(st.booleans()):
                ask_for_what_is_there(api, case, data)
            caller = data.draw(st.none() | st.sampled_from(sorted(api.callers)))
            response = case.call(base_url=api.url, headers=api.headers(case, caller))
            assert response.status_code != TOO_MANY, "no caller is to be counted out here"
            case.validate_response(response, checks=CHECKS)

        holds()
    assert tried == sum(map(len, api.document["paths"].values()))


def ask_for_what_is_there(api: Api, case: Case[Any], data: st.DataObject) -> None:
    """Put values that name something into a call, for some of its parameters."""
    for parameter in case.operation.definition.raw["parameters"]:
        real = api.real(parameter["schema"])
        if real is not None and data.draw(st.booleans()):
            case.query[parameter["name"]] = data.draw(real)
