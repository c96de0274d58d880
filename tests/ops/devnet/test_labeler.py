"""The devnet's labeler, seen from outside."""

from __future__ import annotations

import aiohttp
import pytest

from atp.did_doc import DidDocument
from atp.label import KEY_ID, SERVICE_ID, SERVICE_TYPE, Label
from ops.devnet.install import INSTALL_TIMEOUT_S
from ops.devnet.labeler import Labeler
from ops.devnet.network import Devnet

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(INSTALL_TIMEOUT_S),  # the first test of all may have to install
]


async def test_its_labels_verify_with_the_key_in_the_directory(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    """Where its DID document says that it is; but the forged ones."""
    async with Labeler(devnet) as labeler:
        async with http.get(f"{devnet.plc_url}/{labeler.did}") as response:
            document = DidDocument.parse(await response.json(content_type=None), labeler.did)
        assert document.service(SERVICE_ID, SERVICE_TYPE) == labeler.url
        key = document.key(KEY_ID)
        assert key is not None
        exp = "2030-01-01T00:00:00Z"
        assert await labeler.label("did:plc:abc", "spam", exp=exp) == 1
        assert await labeler.label("did:plc:abc", "spam", neg=True) == 2
        assert await labeler.label("did:plc:abc", "spam", forged=True) == 3
        async with http.get(
            f"{labeler.url}/xrpc/com.atproto.label.queryLabels", params={"uriPatterns": "*"}
        ) as response:
            found = (await response.json())["labels"]
    labels = [Label.from_json(label) for label in found]
    assert [(label.neg, label.exp, label.verify(key)) for label in labels] == [
        (False, exp, True),
        (True, None, True),
        (False, None, False),
    ]
