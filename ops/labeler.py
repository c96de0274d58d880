"""The labeler as the settings describe it: beside the AppView, alone, or for one command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import metadata

from appview.network import network
from atp.keys import PrivateKey, PublicKey
from atp.label import KEY_ID
from atp.runtime import log, metrics
from atp.runtime.asgi import Request, Response, json_response
from atp.runtime.clock import now_micros
from atp.runtime.xrpc import Page, Router, counter
from atp.syntax import Did
from labeler import keys, store_keys
from labeler.keys import KeyFileError, Signer
from labeler.rotate import Published, rotating
from labeler.service import Labeler, LabelerConfig, opened, require_published
from lexicons.catalog import Catalog
from ops.did import labeler_document, service_document
from ops.errors import CannotRun
from ops.gate import gate
from ops.listener import serve
from ops.settings import Settings
from pds_client.identity import DidError, Directory

logger = log.get("labeler")


@asynccontextmanager
async def labeler(
    settings: Settings,
    directory: Directory,
    catalog: Catalog,
    registry: metrics.Registry | None = None,
) -> AsyncIterator[Labeler]:
    """The labeler of these settings, open as long as the context; its series are in ``registry``.

    Raises `CannotRun` for a key file that cannot be used, and whatever `opened` raises.
    """
    config = LabelerConfig(
        settings.data_dir, settings.labeler, key(settings), settings.trusted_proxies
    )
    async with opened(config, catalog, now_micros, registry=registry) as it:
        signer = it.labels.signer
        # While one key follows another the document may show either.
        if signer is not None and store_keys.pending(it.reader) is None:
            await _introduce(settings, directory, signer)
        published = _published(settings, directory, it.did)
        async with rotating(it, settings.labeler_key_file, published):
            yield it


def key(settings: Settings) -> PrivateKey | None:
    """The key that labels are signed with, where there is one. Raises `CannotRun`."""
    if settings.labeler_key_file is None:
        return None
    try:
        return keys.read(settings.labeler_key_file)
    except KeyFileError as exc:
        raise CannotRun(str(exc)) from exc


def pages(settings: Settings, it: Labeler) -> Mapping[str, Page]:
    """The DID document of a service that is a labeler too: it follows the key."""

    async def show_did_document(_request: Request) -> Response:
        return json_response(service_document(settings, it.public_key))

    return {"/.well-known/did.json": show_did_document}


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve the labeler alone until told to stop."""
    registry = metrics.Registry("plyr_labeler")
    catalog = Catalog.load(settings.namespace)
    outside = network(
        settings.plc_url,
        settings.handle_resolver_url,
        allow_private_hosts=settings.allow_private_hosts,
    )
    async with AsyncExitStack() as stack:
        if settings.metrics_listen is not None:
            await stack.enter_async_context(metrics.serve(registry.page, settings.metrics_listen))
        directory = (await stack.enter_async_context(outside)).directory
        it = await stack.enter_async_context(labeler(settings, directory, catalog, registry))
        served = _own_pages(settings, it)
        router = Router(
            it.endpoints,
            served,
            counter(registry, it.endpoints, [*served, *it.mounts]),
            mounts=it.mounts,
            admit=gate(settings, directory).admit,
        )
        logger.info("serving", url=settings.url, did=it.did)
        await serve(router, settings.listen, stop)


def _own_pages(settings: Settings, it: Labeler) -> Mapping[str, Page]:
    async def show_front(_request: Request) -> Response:
        text = f"{it.did} is a labeler of the AT Protocol; its labels are at /xrpc/\n"
        return Response(text.encode(), content_type=b"text/plain; charset=utf-8")

    async def show_health(_request: Request) -> Response:
        return json_response({"version": metadata.version("plyr-appview")})

    async def show_did_document(_request: Request) -> Response:
        return json_response(labeler_document(it.did, it.public_key, settings.url))

    return {
        "/": show_front,
        "/.well-known/did.json": show_did_document,
        "/xrpc/_health": show_health,
    }


def _published(settings: Settings, directory: Directory, did: Did) -> Published:
    """Whether the labeler's DID document shows a key; where we serve it, it follows ours."""

    async def published(key: PublicKey) -> bool:
        if did == settings.web_did:
            return True
        directory.invalidate(did)
        try:
            document = await directory.doc(did)
        except DidError:
            return False
        return document.key(KEY_ID) == key

    return published


async def _introduce(settings: Settings, directory: Directory, signer: Signer) -> None:
    """See that the labeler's DID document, where others serve it, has our key."""
    if signer.did != settings.web_did:
        await require_published(directory, signer)
