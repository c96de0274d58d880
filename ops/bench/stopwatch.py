"""CPU time by stage: functions are replaced by ones that count what they take themselves.

What a function spends in another one that is counted belongs to that one, so the stages add up.
Each call costs a microsecond more, which is why speed is never measured in the same run.
"""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable
from time import thread_time
from typing import Any


class Stopwatch:
    """Seconds of CPU time of every thread, by stage."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._running = threading.local()

    def watch(self, stage: str, owner: object, name: str) -> None:
        """From now on count calls of ``owner.name`` for a stage."""
        function: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            outside = getattr(self._running, "inner", 0.0)
            self._running.inner = 0.0
            start = thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                whole = thread_time() - start
                with self._lock:
                    self.spent[stage] += whole - self._running.inner
                self._running.inner = outside + whole

        setattr(owner, name, watched)
