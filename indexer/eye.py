"""What one source sees of our namespace: what it agreed on, what it owes, what it missed.

A source owes a commit of ours when another has delivered it, verified, and the account's PDS is the
source itself or a host whose accounts it has delivered before. So a relay owes what comes from the
hosts it crawls, a single PDS its own accounts and not those that moved away, and nobody anything of
an account that it has said is not active. A debt is missed once the source's own stream has passed
the moment at which we knew of the commit by `GRACE`. Nothing is owed of the time before the source
was watched.

A source is blind once `COMMITS` commits, or commits of `ACCOUNTS` accounts, are missed in a row:
since it last agreed on anything later, or, of one host, since it last agreed on anything later of
that host. One loss, or one now and then, is not that. The window begins at the last agreement
before the oldest commit missed. All times are microseconds, and passed in.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from atp.syntax import Did
from atp.tid import Tid

SECOND = 1_000_000
GRACE = 60 * SECOND
"""How much of its own time a stream may let pass before it delivers what another has."""
COMMITS = 3
ACCOUNTS = 2
FIRST_WAIT = 300 * SECOND
LAST_WAIT = 6 * 3_600 * SECOND
"""Between two replays of a window; it doubles from the first to the last."""
MAX_POINTS = 256
"""Agreements that are remembered to find the start of a window."""
MAX_HOSTS = 10_000
MAX_SILENT = 10_000
"""Hosts that a source is known to carry, accounts that it said are not active."""

Key: TypeAlias = tuple[Did, Tid]


class Point(NamedTuple):
    """An agreement: the commit's own time, and its sequence number in this source's stream."""

    at: int
    seq: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A verified commit with an operation in our namespace; ``host`` is its account's PDS."""

    did: Did
    rev: Tid
    host: str | None

    @property
    def key(self) -> Key:
        """What makes it the same commit from whatever source."""
        return self.did, self.rev


@dataclass(frozen=True, slots=True)
class Debt:
    """A commit that a source owes since ``known_at``; ``start`` is where its window would begin."""

    commit: Commit
    at: int
    known_at: int
    start: Point | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stream has surely got, and how far it may have got, in its own events' times."""

    surely: int
    perhaps: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What is stored of an eye, in the transaction that moves the cursor; see `sources`."""

    agreed: Point | None = None
    blind_since: int | None = None
    rewinds: int = 0
    gap_at: int | None = None
    gap_open: bool = False
    hosts: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Blind:
    """``since`` is the time of the first commit missed; ``hosts`` empty means any."""

    since: int
    start: Point | None
    hosts: set[str | None] = field(default_factory=set)
    sees: bool = False


class Eye:
    """One source's; ``origin`` is where it answers queries, ``sight`` as it was stored."""

    def __init__(self, origin: str, sight: Sight) -> None:
        self._origin = origin
        self._hosts = sight.hosts
        self.progress: Progress | None = None
        """None while it is not connected, or does not tell."""
        self.gap_at, self.gap_open = sight.gap_at, sight.gap_open
        self.rewinds = sight.rewinds
        self._points = deque([sight.agreed] if sight.agreed else [], maxlen=MAX_POINTS)
        self._agreed_until = sight.agreed.at if sight.agreed else 0
        self._agreed_of: dict[str | None, int] = {}
        self._floor: int | None = None
        self._owed: dict[Key, Debt] = {}
        self._missed: dict[Key, Debt] = {}
        self._silent: set[Did] = set()
        self._rewound_at: int | None = None
        self._blind: _Blind | None = None
        if sight.blind_since is not None:
            self._blind = _Blind(sight.blind_since, sight.agreed)

    @property
    def sight(self) -> Sight:
        """What to store now; of a blind eye, and of one about to be, the start of its window."""
        agreed = self._points[-1] if self._points else None
        if self._blind:
            agreed = self._blind.start
        elif self._missed:
            agreed = next(iter(self._missed.values())).start
        since = self._blind.since if self._blind else None
        return Sight(agreed, since, self.rewinds, self.gap_at, self.gap_open, self._hosts)

    @property
    def window(self) -> int:
        """The sequence number from which to read again; 0 is the oldest that the source has."""
        start = self._blind.start if self._blind else None
        return 0 if start is None else start.seq

    def __len__(self) -> int:
        """How many commits it owes or has missed."""
        return len(self._owed) + len(self._missed)

    def account(self, did: Did, *, active: bool) -> None:
        """The source says whether it passes on an account."""
        if active:
            self._silent.discard(did)
        elif len(self._silent) < MAX_SILENT:
            self._silent.add(did)

    def carries(self, host: str | None) -> None:
        """The source has delivered an account of this host."""
        if host is not None and host not in self._hosts and len(self._hosts) < MAX_HOSTS:
            self._hosts |= {host}

    def owe(self, commit: Commit, now: int) -> None:
        """Another source has delivered a commit that this one has not."""
        at = min(commit.rev.micros(), now)
        if self._floor is None or at <= self._floor:
            return
        carried = commit.host == self._origin or commit.host in self._hosts
        if carried and commit.did not in self._silent:
            before = (point for point in reversed(self._points) if point.at < at)
            start = next(before, self._points[0] if self._points else None)
            self._owed[commit.key] = Debt(commit, at, now, start)

    def forget(self, key: Key, at: int) -> None:
        """Memory is full: neither this commit nor any older one is owed any more."""
        self._owed.pop(key, None)
        self._missed.pop(key, None)
        if self._floor is not None:
            self._floor = max(self._floor, at)

    def excuse(self, key: Key) -> None:
        """The source has delivered it, though in a way that is no proof."""
        self._owed.pop(key, None)
        self._missed.pop(key, None)

    def deliver(self, commit: Commit, now: int) -> None:
        """The source has delivered a commit of ours that it had not delivered before."""
        late = self._missed.pop(commit.key, None)
        self._owed.pop(commit.key, None)
        self.carries(commit.host)
        if self._blind and (late or self._is_news(commit, self._blind)):
            at = min(commit.rev.micros(), now)
            if at <= self._blind.since:
                self._blind = None  # this pass has given the window from its start
            else:
                self._blind.sees = True
            self._missed.clear()

    def agree(self, commit: Commit, seq: int, now: int) -> None:
        """Another source has delivered the commit too; here it was ``seq``."""
        at = min(commit.rev.micros(), now)
        self._points.append(Point(at, seq))
        self._agreed_until = max(self._agreed_until, at)
        if commit.host in self._hosts:
            self._agreed_of[commit.host] = max(self._agreed_of.get(commit.host, 0), at)
        for key, debt in list(self._missed.items()):
            if debt.commit.host == commit.host and debt.at < at:
                del self._missed[key]

    def look(self) -> None:
        """See what is missed by now, and whether that is blindness."""
        if self.progress is None:
            return
        if self._floor is None:
            self._floor = self.progress.perhaps
        passed = self.progress.surely - GRACE
        fresh = []
        for key, debt in self._owed.items():
            if debt.known_at > passed:
                break
            fresh.append(key)
        for key in fresh:
            debt = self._owed.pop(key)
            if debt.at >= self._agreed_of.get(debt.commit.host, 0):
                self._missed[key] = debt
        if fresh and self._missed:
            self._judge()

    def due(self, now: int) -> bool:
        """Whether the window is to be replayed now: at first at once, then ever more rarely.

        Nor before the last replay has reached the moment at which it began. One more follows when
        the source sees again but this replay did not begin with what it had missed first.
        """
        if self._blind is None or self._rewound_at is None:
            return self._blind is not None
        wait = min(FIRST_WAIT << min(self.rewinds - 1, 16), LAST_WAIT) if self.rewinds else 0
        if self._blind.sees:
            return now >= self._rewound_at + min(wait, FIRST_WAIT)
        reached = self.progress is not None and self.progress.surely >= self._rewound_at
        return reached and now >= self._rewound_at + wait

    def rewound(self, now: int) -> None:
        """The source is about to read from the window's start."""
        self._rewound_at = now
        self.rewinds += 1
        if self._blind and self._blind.sees:
            self._blind = None

    def gap(self, now: int) -> None:
        """The source no longer has what should come next."""
        self.gap_at, self.gap_open = now, True

    def _is_news(self, commit: Commit, blind: _Blind) -> bool:
        return (
            not blind.hosts or commit.host in blind.hosts
        ) and commit.rev.micros() >= blind.since

    def _judge(self) -> None:
        missed = self._missed.values()
        in_a_row = [debt for debt in missed if debt.at > self._agreed_until]
        of_hosts = Counter(debt.commit.host for debt in missed)
        if (
            len(in_a_row) < COMMITS
            and len({debt.commit.did for debt in in_a_row}) < ACCOUNTS
            and max(of_hosts.values()) < COMMITS
        ):
            return
        if self._blind is None:
            oldest = min(missed, key=lambda debt: debt.at)
            self._blind = _Blind(oldest.at, oldest.start)
            if self._rewound_at is not None and oldest.known_at - self._rewound_at > LAST_WAIT:
                self.rewinds = 0
        self._blind.sees = False
        self._blind.hosts |= of_hosts.keys()
