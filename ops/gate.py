"""Who may call the public listener, and how often."""

from __future__ import annotations

from atp.label import SERVICE_ID
from atp.runtime.clock import now_micros
from atp.runtime.gate import Gate
from atp.runtime.ratelimit import RateLimiter
from ops.did import APPVIEW
from ops.settings import Settings
from pds_client.identity import Directory
from pds_client.service_auth import ServiceAuth

MAX_CALLS = 3_000  # of one caller in each window
WINDOW = 300  # seconds


def gate(settings: Settings, directory: Directory) -> Gate:
    """The gate before every method."""
    # Bare DIDs too: PDSes still write them (spec §3.1).
    dids = (settings.did, settings.labeler)
    names = (f"{settings.did}{APPVIEW}", f"{settings.labeler}{SERVICE_ID}")
    auth = ServiceAuth(directory, (*dids, *names), now_micros)
    return Gate(auth.viewer, RateLimiter(MAX_CALLS, WINDOW, now_micros), settings.trusted_proxies)
