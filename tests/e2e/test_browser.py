"""A real browser's `fetch`, from a page on another origin."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lexicons.names import Names
from tests.e2e.plyr import running
from tests.e2e.running import PATIENCE

NAMES = Names()
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PAGE = """<!doctype html><title>app</title><script type="module">
const told = {}
const ask = async (name, query, init) => {
    const answer = await fetch(APPVIEW + "/xrpc/" + name + query, init)
    return [answer, await answer.json()]
}
try {
    for (let tries = 0; tries < 5 && told.known !== 304; tries++) {  // somebody may like a track
        const [first, page] = await ask(LATEST, "?limit=3")
        told.tracks = page.tracks.length
        const known = { headers: { "if-none-match": first.headers.get("etag") } }
        told.known = (await fetch(APPVIEW + "/xrpc/" + LATEST + "?limit=3", known)).status
    }
    const [chosen] = await ask(LATEST, "", { headers: { "atproto-accept-labelers": "" } })
    told.chosen = chosen.status
    const authorization = "Bearer not.a.token"
    const [refused, why] = await ask(LATEST, "", { headers: { authorization } })
    told.refused = [refused.status, why.error, refused.headers.get("www-authenticate") !== null]
    const [missing, what] = await ask(TRACK, "?uri=nothing")
    told.missing = [missing.status, what.error]
} catch (exc) {
    told.failed = String(exc)
}
await fetch("/told", { method: "POST", body: JSON.stringify(told) })
</script>"""


@asynccontextmanager
async def page(appview: str, told: asyncio.Future[dict[str, Any]]) -> AsyncIterator[str]:
    """The page, served on a port of its own, which is another origin."""
    names = {
        "APPVIEW": appview,
        "LATEST": NAMES.query("feed.getLatestTracks"),
        "TRACK": NAMES.query("feed.getTrack"),
    }
    constants = "".join(f'const {name} = "{text}"\n' for name, text in names.items())
    text = PAGE.replace("const told", constants + "const told")

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html")

    async def take(request: web.Request) -> web.Response:
        if not told.done():
            told.set_result(await request.json())
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/", show), web.post("/told", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_a_page_on_another_origin_reads_every_answer(tmp_path: Path) -> None:
    """Also those that are asked with headers of their own, and refusals with their names."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the path")
    told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    with running("demo", "--listen=127.0.0.1:0") as demo:
        async with page(demo.said["appview"], told) as url:
            process = await asyncio.create_subprocess_exec(
                browser,
                "--headless=new",
                "--no-sandbox",
                "--no-first-run",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                f"--user-data-dir={tmp_path / 'browser'}",
                url,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(PATIENCE):
                    got = await told
            finally:
                process.terminate()
                await process.wait()
    assert got == {
        "tracks": 3,
        "known": 304,
        "chosen": 200,
        "refused": [401, "BadJwt", True],
        "missing": [400, "InvalidRequest"],
    }
