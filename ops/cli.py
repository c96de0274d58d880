"""The `plyr` command: arguments in, exit status out.

0 ok · 1 the answer is "no" · 2 the command line or the settings are wrong · 3 it could not run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from atp.runtime import config, log
from atp.runtime.config import ConfigError
from atp.runtime.control import ControlError, NotRunning
from atp.runtime.lock import LockHeld
from atp.runtime.sqlite import StoreError
from atp.runtime.supervise import ServiceEnded
from ops import commands as do
from ops import label, upkeep
from ops import settings as settings_
from ops.audit import audit
from ops.backfill import backfill
from ops.backup import backup
from ops.declare import declare
from ops.doctor import doctor
from ops.errors import CannotRun
from ops.identity import identity
from ops.restore import restore
from ops.rotate import rotate
from ops.settings import Settings

OK, NO, USAGE, FAILED = range(4)

Command = Callable[[Settings, argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the console script's entry."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    given = {item.name: getattr(arguments, item.name) for item in config.describe(Settings)}
    try:
        settings = settings_.load(given)
        log.configure()
        return command(settings, arguments)
    except ConfigError as exc:
        return _complain(exc, USAGE)
    except (LockHeld, StoreError, ServiceEnded, ControlError, NotRunning, CannotRun) as exc:
        return _complain(exc, FAILED)
    except KeyboardInterrupt:
        return OK
    except Exception:  # noqa: BLE001 - the edge: logged, and told by the exit status
        log.get("plyr").exception("a defect of ours", command=arguments.command.__name__)
        return FAILED


def _complain(exc: Exception, exit_status: int) -> int:
    for line in str(exc).splitlines():
        print(f"plyr: {line}", file=sys.stderr)
    return exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plyr",
        description="The open AppView for plyr.fm music on the AT Protocol.",
        epilog="Every setting is also PLYR_<NAME> in the environment and a key of plyr.toml.",
    )
    parser.add_argument(
        "--version", action="version", version=f"plyr {metadata.version('plyr-appview')}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "serve", do.serve, "indexer and AppView under one supervisor", json=True)
    _add(commands, "index", do.index, "the indexer alone")
    shown = _add(commands, "appview", do.appview, "the AppView alone, over an index that exists")
    shown.add_argument(
        "--with-labeler", action="store_true", help="and the labeler on the same listener"
    )
    _add(commands, "labeler", do.labeler, "the labeler alone")
    made = _add(
        commands, "demo", do.demo, "a small network with everything of serve on it", json=True
    )
    made.add_argument(
        "--real", action="store_true", help="on a real PDS and PLC directory (needs npm)"
    )
    made.add_argument("--seed", type=int, default=1, help="another seed, another scene (default 1)")
    _add(commands, "status", do.status, "how the running indexer does", json=True)
    about = "find everybody and fetch what is missing, or fetch the repos named"
    filled = _add(commands, "backfill", backfill, about, json=True)
    filled.add_argument(
        "dids", nargs="*", metavar="DID", help="repos to fetch whatever their state"
    )
    about = "make typed rows and counters anew from the raw records"
    _add(commands, "rebuild", upkeep.rebuild, about, json=True)
    about = "compare the index with the network and with its own raw records"
    looked = _add(commands, "audit", audit, about, json=True)
    looked.add_argument("--repair", action="store_true", help="mend what differs, and look again")
    about = "see from outside whether all is set up: identity, methods, signatures, clock"
    _add(commands, "doctor", doctor, about, json=True)
    _add_label(commands)
    about = "copy the stores that cannot be rebuilt into a new folder, while they are in use"
    saved = _add(commands, "backup", backup, about, json=True)
    saved.add_argument("dir", type=Path, metavar="DIR", help="a folder that is new or empty")
    about = "put the stores of a backup in place, while no service runs"
    back = _add(commands, "restore", restore, about, json=True)
    back.add_argument("dir", type=Path, metavar="DIR", help="what plyr backup has written")
    back.add_argument("--force", action="store_true", help="put aside the stores that are there")
    return parser


def _add_label(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "the labeler's own labels: give, take back, show"
    group = commands.add_parser("label", help=about, description=about[0].upper() + about[1:] + ".")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    given = _add(actions, "apply", label.apply, "say something of a subject", json=True)
    taken = _add(actions, "negate", label.negate, "take back what was said", json=True)
    for parser in (given, taken):
        parser.add_argument("uri", metavar="URI", help="an account's DID, a record, any URI")
        parser.add_argument("val", metavar="VAL", help="the label's name")
        parser.add_argument("--reason", help="why, for the moderation log")
    given.add_argument("--neg", action="store_true", help="take it back")
    given.add_argument("--cid", help="the one version of the record that is meant")
    given.add_argument("--exp", metavar="TIME", help="when it ceases, as 2027-01-31T00:00:00Z")
    shown = _add(actions, "list", label.list_, "show what holds", json=True)
    shown.add_argument("uri", nargs="?", metavar="URI", help="of this subject only")
    shown.add_argument("--all", action="store_true", help="the whole history")
    _add(actions, "export", label.export, "print every label, a line of JSON each", json=True)
    about = "print what the labeler's DID document needs"
    _add(actions, "identity", identity, about, json=True)
    about = "write what the labeler labels into its account, at its PDS"
    told = _add(actions, "declare", declare, about, json=True)
    told.add_argument(
        "--password-file", type=Path, metavar="FILE", help="the account's password, or an app's"
    )
    turned = _add(actions, "rotate", rotate, "sign with another key, and all anew", json=True)
    turned.add_argument(
        "--compromised", action="store_true", help="show nothing more that the old key signed"
    )
    turned.add_argument("--reason", help="why, for the moderation log")
    made = _add(actions, "keygen", label.keygen, "make a new signing key", json=True)
    made.add_argument("file", type=Path, metavar="FILE", help="a new file")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Command,
    about: str,
    *,
    json: bool = False,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    parser.set_defaults(command=command)
    if json:
        parser.add_argument("--json", action="store_true", help="one line of JSON for machines")
    group = parser.add_argument_group("settings")
    for item in config.describe(Settings):
        default = f" [{item.default}]" if item.default else ""
        # argparse takes % for its own placeholders.
        about_it = (item.help + default).replace("%", "%%")
        if item.switch:
            group.add_argument(
                item.flag, dest=item.name, nargs="?", const="on", metavar="on|off", help=about_it
            )
        else:
            group.add_argument(item.flag, dest=item.name, metavar="…", help=about_it)
    return parser


if __name__ == "__main__":
    sys.exit(main())
