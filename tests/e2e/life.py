"""A scripted life on a devnet: all that happens to records and accounts, in an order by seed.

Each person has a fate, a few turns of an account's life one after another (`FATES`); around them
everybody who is there publishes, edits, likes, comments, lists and deletes. The steps of all are
interleaved at random, so any kind of step may meet an account in any state, and none waits for
whoever reads along.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

import aiohttp

from atp.cbor import encode
from atp.data import record_from_json
from atp.syntax import Did, Handle, Nsid, RecordKey
from lexicons.names import Names
from ops.devnet.account import Account, Create, Delete, StrongRef, Update
from ops.devnet.identity import migrate, rotate_key
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from tests.indexer.authors import comment, like, playlist, track

NAMES = Names()
SELF = RecordKey.parse("self")

FATES = (
    ("rename",),
    ("rest", "wake"),
    ("take down", "put back"),
    ("rest", "wake", "take down", "put back", "rename"),
    ("migrate",),
    ("migrate", "rotate", "rename"),
    ("rotate", "migrate", "rest", "wake"),
    ("rotate", "take down", "put back", "rotate"),
    ("migrate", "delete"),
    ("delete",),
    ("rest",),
    ("take down",),
    ("migrate", "rest"),
    (),
)
"""What happens to each person, in this order; most end well, some are gone at the end."""

Records = dict[str, tuple[str, str]]
"""URI to CID and value, both in hex."""


@dataclass(eq=False)
class Person:
    """Somebody with an account; ``pds`` is the number of the PDS where it is now."""

    name: str
    account: Account
    pds: int
    handle: Handle
    shown: bool = True
    deleted: bool = False
    tracks: list[StrongRef] = field(default_factory=list)
    others: list[tuple[Nsid, RecordKey]] = field(default_factory=list)

    @property
    def did(self) -> Did:
        """Of the account, wherever it is."""
        return self.account.did


async def at_once(_: Person) -> None:
    """Nobody has to notice anything."""


class Life:
    """Lives `FATES` on two PDSes.

    ``busy`` is how many steps of daily life go along; ``noticed`` is waited for when somebody has
    moved, before the old PDS says that the account rests there.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        net: Devnet,
        random: Random,
        *,
        busy: int,
        noticed: Callable[[Person], Awaitable[None]] = at_once,
    ) -> None:
        self._noticed = noticed
        self._pdses = [Pds(http, net, index) for index in range(2)]
        self._random = random
        self._busy = busy
        self._count = 0
        self.people: list[Person] = []

    async def begin(self) -> None:
        """Everybody comes and publishes something."""
        for number in range(len(FATES)):
            name, pds = f"person{number}", number % 2
            handle = _handle(name, pds)
            account = await self._pdses[pds].create_account(handle)
            person = Person(name, account, pds, handle)
            self.people.append(person)
            await account.put_record(NAMES.profile, SELF, {"bio": "here", **_WHEN})
            await self._publish(person)

    def steps(self) -> list[Callable[[], Awaitable[None]]]:
        """The whole life from here on, in order; each step is one thing that somebody does."""
        people = self.people[:]
        self._random.shuffle(people)
        turns: list[deque[Callable[[], Awaitable[None]]]] = [
            deque(partial(self._turn, person, turn) for turn in fate)
            for person, fate in zip(people, FATES, strict=True)
        ]
        turns.append(deque([self._daily] * self._busy))
        order = [which for which, left in enumerate(turns) for _ in left]
        self._random.shuffle(order)
        return [turns[which].popleft() for which in order]

    async def end(self) -> None:
        """A sign of life from everybody who is there."""
        for person in self._present():
            await self._publish(person)

    async def records(self) -> Records:
        """What the PDS of each person who is shown lists."""
        return {
            uri: record
            for person in self._present()
            async for uri, record in listed(self._pdses[person.pds], person.did)
        }

    def tracks(self) -> set[str]:
        """The tracks that are to be shown: of whoever is, and as the lexicon wants them."""
        return {str(one.uri) for person in self._present() for one in person.tracks}

    def _present(self) -> list[Person]:
        return [person for person in self.people if person.shown]

    async def _turn(self, person: Person, turn: str) -> None:
        account, pds = person.account, self._pdses[person.pds]
        match turn:
            case "rename":
                person.handle = _handle(f"{person.name}-renamed", person.pds)
                await account.update_handle(person.handle)
            case "rest":
                await account.deactivate()
                person.shown = False
            case "wake":
                await account.activate()
                person.shown = True
            case "take down":
                await pds.take_down(person.did)
                person.shown = False
            case "put back":
                await pds.undo_takedown(person.did)
                person.shown = True
            case "migrate":
                person.pds = 1 - person.pds
                person.handle = _handle(person.name, person.pds)
                person.account = await migrate(account, self._pdses[person.pds], person.handle)
                await self._noticed(person)
                await account.deactivate()
            case "rotate":
                await rotate_key(account, pds)
                await self._publish(person)
            case "delete":
                await account.delete()
                person.shown, person.deleted = False, True
            case _:
                raise ValueError(turn)

    async def _daily(self) -> None:
        person = self._random.choice(self._present())
        subject = self._random.choice([one for each in self.people for one in each.tracks])
        what = self._random.choice(
            (self._publish, self._revise, self._withdraw, self._answer, self._answer, self._several)
        )
        await what(person, subject)

    async def _publish(self, person: Person, _: StrongRef | None = None) -> None:
        made = await person.account.create_record(NAMES.track, track(title=self._title()))
        person.tracks.append(made)

    async def _revise(self, person: Person, _: StrongRef) -> None:
        which = self._random.randrange(len(person.tracks))
        key = person.tracks[which].rkey
        person.tracks[which] = await person.account.put_record(
            NAMES.track, key, track(title=self._title())
        )

    async def _withdraw(self, person: Person, _: StrongRef) -> None:
        """Delete something: at times what others have liked, never the last track."""
        if person.others and self._random.random() < 0.7:
            which = self._random.randrange(len(person.others))
            await person.account.delete_record(*person.others.pop(which))
        elif len(person.tracks) > 1:
            which = self._random.randrange(len(person.tracks))
            await person.account.delete_record(NAMES.track, person.tracks.pop(which).rkey)

    async def _answer(self, person: Person, subject: StrongRef) -> None:
        said = subject.to_json()
        collection, record = self._random.choice(
            (
                (NAMES.like, like(said)),
                (NAMES.comment, comment(said, text=self._title())),
                (NAMES.list, playlist([said], name=self._title())),
                (NAMES.track, {"title": 7}),  # as no lexicon allows
            )
        )
        made = await person.account.create_record(collection, record)
        person.others.append((collection, made.rkey))

    async def _several(self, person: Person, subject: StrongRef) -> None:
        """One commit that creates, updates and deletes."""
        gone = await person.account.create_record(NAMES.like, like(subject.to_json()))
        await person.account.apply_writes(
            [
                Create(NAMES.comment, comment(subject.to_json(), text=self._title())),
                Update(NAMES.profile, {"bio": self._title(), **_WHEN}, SELF),
                Delete(NAMES.like, gone.rkey),
            ]
        )

    def _title(self) -> str:
        self._count += 1
        return f"no. {self._count}"


async def listed(pds: Pds, did: Did) -> AsyncIterator[tuple[str, tuple[str, str]]]:
    """Every record of ours that ``listRecords`` shows of one account."""
    for collection in NAMES.collections:
        for record in await pds.list_records(did, collection):
            block = encode(record_from_json(record.value))
            yield str(record.uri), (record.cid.hex(), block.hex())


_WHEN = {"createdAt": "2026-01-01T00:00:00.000Z"}


def _handle(name: str, pds: int) -> Handle:
    return Handle.parse(f"{name}.pds{pds}.test" if pds else f"{name}.test")
