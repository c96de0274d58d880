"""`plyr label identity`: what makes a DID a labeler's, for whoever holds its document.

Of a did:plc that is the holder of a rotation key: the fields go into the next operation beside all
that the last one has, and signing is theirs. Of a did:web it is whoever serves the document; where
this service does, it shows all by itself. An account that has a PDS also declares its labels there.
"""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from typing import Any

from atp.keys import PublicKey
from atp.label import KEY_ID, SERVICE_ID, SERVICE_TYPE
from atp.runtime import sqlite
from atp.runtime.clock import now_micros
from atp.syntax import Datetime
from labeler import schema, store
from labeler.policy import COLLECTION, RKEY, declaration
from labeler.service import NO_KEY
from ops.did import labeler_document, origin
from ops.errors import CannotRun
from ops.labeler import key
from ops.settings import Settings


def identity(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr label identity`: fields of a PLC operation or DID document, and the declaration."""
    secret = key(settings)
    if secret is None:
        raise CannotRun(NO_KEY)
    fields = _fields(settings, secret.public_key)
    declared = declaration(Datetime.from_micros(now_micros()), given(settings))
    if arguments.json:
        print(json.dumps({"did": settings.labeler, **fields, "declaration": declared}))
        return 0
    print(_explained(settings))
    print(json.dumps(fields, indent=2))
    print(f"If the account has a PDS, plyr label declare writes its record {COLLECTION}/{RKEY}:")
    print(json.dumps(declared, indent=2))
    return 0


def plc_fields(key: PublicKey, url: str) -> dict[str, Any]:
    """What a PLC operation adds for a labeler at ``url`` (spec §5)."""
    service = {"type": SERVICE_TYPE, "endpoint": origin(url)}
    return {
        "verificationMethods": {KEY_ID.removeprefix("#"): key.did_key()},
        "services": {SERVICE_ID.removeprefix("#"): service},
    }


def given(settings: Settings) -> list[str]:
    """Names of labels that there are or were, and that the declaration has to have."""
    path = settings.data_dir / schema.FILE
    if not path.exists():
        return []
    with closing(sqlite.connect(path, readonly=True)) as conn:
        return store.names(conn)


def _fields(settings: Settings, key: PublicKey) -> dict[str, Any]:
    if settings.labeler.method == "plc":
        return plc_fields(key, settings.url)
    document = labeler_document(settings.labeler, key, settings.url)
    return {name: document[name] for name in ("verificationMethod", "service")}


def _explained(settings: Settings) -> str:
    did = settings.labeler
    if did.method == "plc":
        return (
            f"Keep all that the last operation of {did} has, add these, name that operation as prev"
            " and sign with a rotation key; a PDS does so with"
            " com.atproto.identity.signPlcOperation and submitPlcOperation:"
        )
    if did == settings.web_did:
        return f"{settings.url}/.well-known/did.json shows these by itself while the labeler runs:"
    return f"The document of {did} needs these beside what it has:"
