"""Plays the steps of a history on a world; what the indexer does is not its affair.

Everything a step leaves open (keys, values, order) is drawn from the history's seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from atp import car, frames
from atp.cid import Cid
from atp.commit import Commit
from atp.datetime import Datetime
from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from atp.keys import Curve
from atp.syntax import AtUri, Nsid, RecordKey
from atp.tid import Tid
from lexicons.names import FOREIGN_PROFILE, Names
from ops.world.account import Account
from ops.world.clock import Clock
from ops.world.events import Message
from ops.world.faults import (
    Reorder,
    Strike,
    break_block,
    break_frame,
    break_signature,
    drop,
    duplicate,
)
from ops.world.host import Host
from ops.world.keys import Secrets
from ops.world.network import World
from ops.world.repo import Create, Delete, Update
from ops.world.repo import Write as RepoWrite
from tests.indexer.authors import comment, like, playlist, track
from tests.simulator import history as steps
from tests.simulator.history import ACCOUNTS, KEYS, Change, Kind

NAMES = Names()
COLLECTIONS: dict[Kind, Nsid] = {
    "track": NAMES.track,
    "like": NAMES.like,
    "comment": NAMES.comment,
    "list": NAMES.list,
    "profile": NAMES.profile,
    "bsky": FOREIGN_PROFILE,
    "post": Nsid("app.bsky.feed.post"),
}
STRIKES = {
    "duplicate": duplicate,
    "drop": drop,
    "break_frame": break_frame,
    "break_block": break_block,
    "break_signature": break_signature,
}
SHUFFLED = 4
"""Events that a fault holds back at a time."""
RKEYS = tuple(RecordKey(Tid.from_micros(1_700_000_000_000_000 + n, 0)) for n in range(KEYS))
ABSENT = Cid.for_cbor(b"\xa0")


class Player:
    """Does to a world, whose clock is `clock`, what the steps say."""

    def __init__(self, world: World, clock: Clock, seed: int) -> None:
        self._world = world
        self._clock = clock
        self._random = Random(seed)
        self._secrets = Secrets(seed, "a liar")
        self._renamed = 0

    def join(self, step: steps.Join) -> None:
        """A new account, while there is room."""
        world = self._world
        if len(world.accounts) < ACCOUNTS:
            world.create_account(f"user{len(world.accounts)}.test", step.pds % len(world.pdses))

    def write(self, step: steps.Write) -> None:
        """One commit of an account that may write."""
        account = self._account(step.who)
        if account.active:
            writes: dict[str, RepoWrite] = {}
            for change in step.changes:
                self._add(writes, account, change)
            account.apply_writes(list(writes.values()))

    def act(self, step: steps.Act) -> None:
        """Something that happens to an account that is not deleted."""
        account = self._account(step.who)
        if account.status != "deleted":
            getattr(self, f"_{step.deed}")(account)

    def afflict(self, step: steps.Afflict) -> None:
        """Put a fault before a relay."""
        relay = self._world.relays[step.relay % len(self._world.relays)]
        if step.trouble in ("late", "shuffled"):
            within = step.trouble == "shuffled"
            relay.afflict(Reorder(self._random, SHUFFLED, within_accounts=within))
        else:
            every = step.every
            relay.afflict(
                Strike(STRIKES[step.trouble], lambda _: self._random.randrange(every) == 0)
            )

    def heal(self, step: steps.Heal) -> None:
        """Take the faults of a relay away."""
        self._world.relays[step.relay % len(self._world.relays)].heal()

    def strike(self, step: steps.Strike) -> None:
        """Stall, resume or cut a host."""
        hosts = self.hosts()
        host = hosts[step.host % len(hosts)]
        {"stall": host.stall, "resume": host.resume, "cut": host.cut}[step.how]()

    def tell(self, step: steps.Tell) -> None:
        """Lie about an account."""
        getattr(self, f"_{step.lie}")(self._account(step.who), step.pick)

    def make_peace(self) -> None:
        """End all faults, lies and takedowns of relays, whose last word can be read again.

        About each account a last lie is told that no true event of its repo need follow.
        """
        for host in self.hosts():
            host.resume()
        for pds in self._world.pdses:
            pds.lies.clear()
        for relay in self._world.relays:
            relay.heal()
            for did, known in relay.known.items():
                if known.takendown:
                    relay.untakedown(did, self._clock())
        for account in self._world.accounts:
            lie = self._random.choice((self._old_commit, self._foreign_key, self._foreign_sync))
            lie(account, self._random.randrange(ACCOUNTS))
        for relay in self._world.relays:
            time = Datetime.from_micros(self._clock())
            relay.log.append(IdentityMsg(0, self._account(0).did, time, None))

    def hosts(self) -> list[Host]:
        """Every server of the world."""
        world = self._world
        relays, pdses = [one.host for one in world.relays], [one.host for one in world.pdses]
        return [world.plc.host, *relays, *pdses]

    def _account(self, who: int) -> Account:
        accounts = self._world.accounts
        return accounts[who % len(accounts)]

    # Writes

    def _add(self, writes: dict[str, RepoWrite], account: Account, change: Change) -> None:
        collection = COLLECTIONS[change.kind]
        single = change.kind in ("profile", "bsky")
        rkey = "self" if single else RKEYS[change.pick % KEYS]
        path = f"{collection}/{rkey}"
        if path in writes:
            return
        value = self._value(change)
        if path not in account.repo.records:
            writes[path] = Create(collection, value, rkey)
        elif change.deletes:
            writes[path] = Delete(collection, rkey)
        else:
            writes[path] = Update(collection, rkey, value)

    def _value(self, change: Change) -> dict[str, Any]:
        value = self._valid(change)
        if not change.valid:
            value["displayName" if change.kind == "bsky" else "createdAt"] = 7
        return value

    def _valid(self, change: Change) -> dict[str, Any]:
        number = change.subject
        stamp = {"createdAt": "2026-01-01T00:00:00Z"}
        subjects = [self._subject(number + n) for n in range(change.pick % 5)]
        makers: dict[Kind, Callable[[], dict[str, Any]]] = {
            "track": lambda: track(title=f"side {number}", duration=number % 600),
            "like": lambda: like(self._subject(number)),
            "comment": lambda: comment(self._subject(number), timestampMs=number),
            "list": lambda: playlist([*subjects, *subjects[:1]]),
            "profile": lambda: {"bio": f"number {number}", **stamp},
            "bsky": lambda: {"displayName": f"number {number}", **stamp},
            "post": lambda: {"text": "elsewhere", **stamp},
        }
        return makers[change.kind]()

    def _subject(self, number: int) -> dict[str, str]:
        """A reference to what may be there, or not yet, or no more; mostly to a track."""
        account = self._account(number)
        collection = NAMES.like if number % 7 == 0 else NAMES.track
        rkey = RKEYS[number // ACCOUNTS % KEYS]
        record = account.repo.records.get(f"{collection}/{rkey}")
        uri = AtUri.of(account.did, collection, rkey)
        return {"uri": uri, "cid": str(record.cid if record else ABSENT)}

    # Deeds

    def _rotate_key(self, account: Account) -> None:
        account.rotate_key()

    def _rename(self, account: Account) -> None:
        self._renamed += 1
        account.set_handle(f"renamed{self._renamed}.test")

    def _emit_sync(self, account: Account) -> None:
        if account.active:
            account.emit_sync()

    def _deactivate(self, account: Account) -> None:
        (account.activate if account.deactivated else account.deactivate)()

    def _takedown(self, account: Account) -> None:
        (account.untakedown if account.takendown else account.takedown)()

    def _suspend(self, account: Account) -> None:
        (account.unsuspend if account.suspended else account.suspend)()

    def _migrate(self, account: Account) -> None:
        world = self._world
        here = world.pdses.index(world.home(account))
        world.relay.credulous = self._random.random() < 0.5
        world.migrate(account, (here + 1) % len(world.pdses))

    def _relay_takedown(self, account: Account) -> None:
        relay = self._random.choice(self._world.relays)
        known = relay.known[account.did]
        (relay.untakedown if known.takendown else relay.takedown)(account.did, self._clock())

    def _delete_account(self, account: Account) -> None:
        account.delete_account()

    def _tombstone(self, account: Account) -> None:
        account.tombstone()

    # Lies

    def _old_commit(self, account: Account, pick: int) -> None:
        """A relay says a commit of long ago once more."""
        said = [frames.decode(event.frame) for event in self._world.home(account).log.after(0)]
        commits = [one for one in said if isinstance(one, CommitMsg) and one.repo == account.did]
        if commits:
            self._say(commits[pick % len(commits)])

    def _foreign_key(self, account: Account, pick: int) -> None:
        """A commit that deletes something, signed by somebody else."""
        key = self._secrets.key(f"foreign {pick}", Curve.K256)
        repo = account.repo.copy(key)
        if repo.records:
            paths = sorted(repo.records)
            collection, _, rkey = paths[pick % len(paths)].partition("/")
            self._say(repo.apply([Delete(collection, rkey)], self._clock()))

    def _foreign_sync(self, account: Account, pick: int) -> None:
        """The head of somebody else's repository."""
        other = self._account(pick)
        message = other.repo.announce(self._clock())
        self._say(replace(message, did=account.did))

    def _false_root(self, account: Account, pick: int) -> None:
        """The account's own PDS announces a tree that is not the account's."""
        now = self._clock()
        rev = Tid(account.repo.next_rkey(now))
        root = Cid.for_cbor(pick.to_bytes(4))
        false = Commit(account.did, rev, root, None, None)
        signed = false.sign(account.repo.key)
        blocks = car.write([signed.cid], [(signed.cid, signed.to_bytes())])
        if account.active:
            self._say(SyncMsg(0, account.did, blocks, rev, Datetime.from_micros(now)))

    def _old_repo(self, account: Account, pick: int) -> None:
        """The PDS serves the repository of this moment from now on."""
        self._world.home(account).lies[account.did] = account.repo.to_car()

    def _forged_status(self, account: Account, pick: int) -> None:
        """A relay says of an account what its PDS does not."""
        status = (None, "deactivated", "takendown", "suspended", "deleted", "elsewhere")[pick % 6]
        time = Datetime.from_micros(self._clock())
        self._say(AccountMsg(0, account.did, time, status is None, status))

    def _say(self, message: Message) -> None:
        self._random.choice(self._world.relays).log.append(message)


PLAYED: dict[type[steps.Step], Callable[[Player, Any], None]] = {
    steps.Join: Player.join,
    steps.Write: Player.write,
    steps.Act: Player.act,
    steps.Afflict: Player.afflict,
    steps.Heal: Player.heal,
    steps.Strike: Player.strike,
    steps.Tell: Player.tell,
}
