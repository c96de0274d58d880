"""com.atproto.repo and identity on a PDS, as the Python SDK's client reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from atproto import AsyncClient, AtUri, models
from atproto.exceptions import BadRequestError

from ops.world.account import Account
from ops.world.network import World

COLLECTION = "com.example.note"


@pytest_asyncio.fixture
async def sdk(world: World) -> AsyncIterator[AsyncClient]:
    """An SDK client of the first PDS."""
    client = AsyncClient(world.pds_urls[0])
    yield client
    await client.request.close()


async def list_all(sdk: AsyncClient, repo: str, *, reverse: bool) -> list[str]:
    """The keys of all records, page by page."""
    keys: list[str] = []
    cursor = None
    while True:
        answer = await sdk.com.atproto.repo.list_records(
            models.ComAtprotoRepoListRecords.Params(
                repo=repo, collection=COLLECTION, limit=3, cursor=cursor, reverse=reverse
            )
        )
        keys += [AtUri.from_str(record.uri).rkey for record in answer.records]
        cursor = answer.cursor
        if cursor is None:
            return keys


async def test_get_record(world: World, sdk: AsyncClient) -> None:
    """A record by handle or DID, by its CID too; another CID is not found."""
    alice = world.create_account("alice.test")
    note = alice.create(COLLECTION, {"text": "♪"})
    other = alice.create(COLLECTION, {})

    def params(repo: str, rkey: str, cid: str | None) -> models.ComAtprotoRepoGetRecord.Params:
        return models.ComAtprotoRepoGetRecord.Params(
            repo=repo, collection=COLLECTION, rkey=rkey, cid=cid
        )

    get = sdk.com.atproto.repo.get_record
    for repo in (alice.did, "alice.test"):
        for cid in (None, str(note.cid)):
            answer = await get(params(repo, note.rkey, cid))
            assert (answer.uri, answer.cid) == (note.uri, str(note.cid))
            assert answer.value["text"] == "♪"
    for rkey, cid in ((note.rkey, str(other.cid)), ("absent", None)):
        with pytest.raises(BadRequestError, match="RecordNotFound"):
            await get(params(alice.did, rkey, cid))


@pytest.mark.parametrize("reverse", [False, True])
async def test_list_records(world: World, sdk: AsyncClient, *, reverse: bool) -> None:
    """A collection page by page, newest key first unless turned round."""
    alice = world.create_account("alice.test")
    keys = [alice.create(COLLECTION, {"n": n}).rkey for n in range(8)]
    alice.create("com.example.other", {})
    assert await list_all(sdk, alice.did, reverse=reverse) == sorted(keys, reverse=not reverse)


async def test_describe_repo(world: World, sdk: AsyncClient) -> None:
    """Who it is, and the collections that have a record."""
    alice = world.create_account("alice.test")
    alice.create(COLLECTION, {})
    answer = await sdk.com.atproto.repo.describe_repo({"repo": alice.did})
    assert (answer.handle, answer.did) == ("alice.test", alice.did)
    assert answer.collections == [COLLECTION]
    assert answer.did_doc["id"] == alice.did


async def test_resolve_handle(world: World, sdk: AsyncClient) -> None:
    """A handle leads to its account on this PDS, as long as it has it."""
    alice = world.create_account("alice.test")
    world.create_account("bob.test", pds=1)
    resolve = sdk.com.atproto.identity.resolve_handle
    assert (await resolve({"handle": "alice.test"})).did == alice.did
    alice.set_handle("alicia.test")
    assert (await resolve({"handle": "alicia.test"})).did == alice.did
    for handle in ("alice.test", "bob.test"):
        with pytest.raises(BadRequestError, match="Unable to resolve handle"):
            await resolve({"handle": handle})


@pytest.mark.parametrize("hide", [Account.deactivate, Account.takedown, Account.delete_account])
async def test_hidden_repos_are_not_read(
    world: World, sdk: AsyncClient, hide: Callable[[Account], None]
) -> None:
    """Records of an account that is not active are not given out."""
    alice = world.create_account("alice.test")
    alice.create(COLLECTION, {})
    hide(alice)
    with pytest.raises(BadRequestError, match="Could not find repo"):
        await list_all(sdk, alice.did, reverse=False)
