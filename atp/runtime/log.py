"""Log lines on stderr: one event a line, with named values.

On a terminal the lines are for people, elsewhere they are JSON. What libraries log through
`logging` (uvicorn wants `log_config=None` for that) takes the same way and looks the same. Text
from the network can neither forge a line nor steer the terminal: what is not printable is escaped.
Values whose name says that they are secret are left out, and tracebacks show no local variables.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, ExcInfo, FilteringBoundLogger, Processor, WrappedLogger

SECRET_NAMES = frozenset(
    {"authorization", "cookie", "dpop", "password", "private_key", "secret", "token"}
)
"""A safety net only: whoever logs leaves secrets out in the first place."""


def configure(*, json: bool | None = None) -> None:
    """Send all logging of this process to stderr; JSON unless stderr is a terminal."""
    if json is None:
        json = not sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if json else "%H:%M:%S", utc=json),
        _leave_out_secrets,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _name_component, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_json_lines() if json else _human_lines(colors=sys.stderr.isatty())),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def get(component: str) -> FilteringBoundLogger:
    """The logger of `component`; may be called before `configure`."""
    return cast("FilteringBoundLogger", structlog.get_logger(component, component=component))


def _json_lines() -> list[Processor]:
    # Not orjson: a line must come out whatever is in it, a lone surrogate too.
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def _human_lines(*, colors: bool) -> list[Processor]:
    return [
        _escape_event,
        structlog.dev.ConsoleRenderer(
            colors=colors, repr_native_str=True, exception_formatter=_write_traceback
        ),
    ]


def _leave_out_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in event.keys() & SECRET_NAMES:
        event[name] = "[left out]"
    return event


def _name_component(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["component"] = event["_record"].name
    return event


def _escape_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["event"] = _printable(str(event["event"]))
    return event


def _write_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    for block in traceback.format_exception(*exc_info):
        out.writelines("\n" + _printable(line) for line in block.splitlines())


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
