"""One call of a method: what is asked, by whom, and when."""

from __future__ import annotations

from dataclasses import dataclass

from appview.labelers import NOBODY, Labelers
from appview.media import LOCAL, Media
from appview.params import Params
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did


@dataclass(frozen=True, slots=True)
class Call:
    """``viewer`` is the account that asks, proven by its token; None for anybody.

    ``now`` is µs since the epoch, the same for the whole answer; ``labelers`` are those whose
    labels it shows; ``input`` is a procedure's body.
    """

    params: Params
    viewer: Did | None
    now: int
    media: Media = LOCAL
    labelers: Labelers = NOBODY
    input: object = None

    @property
    def account(self) -> Did:
        """The account that asks. Raises `XrpcError` `AuthMissing` where that may be anybody."""
        if self.viewer is None:
            message = "This needs an account: call through its PDS, with atproto-proxy"
            raise XrpcError(401, "AuthMissing", message, ((b"www-authenticate", b"Bearer"),))
        return self.viewer
