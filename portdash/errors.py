"""Every error portdash raises on purpose, as one tree.

    PortdashError
    ├── UsageError                 exit 2   what was asked for cannot be understood
    │   ├── InvalidName
    │   ├── InvalidPort
    │   ├── NoCommand
    │   └── NotTrusted
    ├── ConfigError                exit 2   a configuration file or variable is wrong
    │   └── UnknownEnvironment
    ├── NoSuchService              exit 3   no such service, listener or workspace
    │   ├── NoInstances                     no server of the service was found; AllInstancesFailed: none could answer
    │   └── UnknownVariable                 no service has that variable; an AttributeError, too
    ├── NoPortAvailable            exit 4   every candidate was refused
    ├── StoreError                 exit 5   the store cannot be used
    │   ├── StoreBusy
    │   ├── StoreDamaged
    │   ├── StoreOutdated
    │   ├── StoreTooNew
    │   ├── StoreFileInvalid
    │   ├── StoreReadOnly
    │   └── StoreUnavailable
    ├── Unanswered                 exit 1   a supervisor did not answer
    └── Refused                    exit 6   possible, but not safe to do
        ├── NotSupervised
        ├── PlanUnresolved
        ├── PlanOutdated
        ├── PlanFailed
        └── LockedDown

Faces translate: the command line prints ``portdash: error: <message>`` and the hint, the dashboard shows both,
the HTTP API sends them as a problem document. None of them looks inside the message.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line answers with; the meaning of each is part of the contract."""

    YES = 0
    NO = 1
    USAGE = 2
    NO_SUCH_SERVICE = 3
    NO_PORT = 4
    STORE = 5
    REFUSED = 6


class PortdashError(Exception):
    """Base of all. `message` is one line for a person, `hint` is what to do next, `code` is stable for programs."""

    code = "error"
    exit_code = ExitCode.NO
    default_hint = "run the command again with --debug for the details"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint

    def __str__(self) -> str:
        return self.message  # which whoever passes the error on may have added to


class UsageError(PortdashError):
    """The request itself is wrong: an impossible argument, or options that exclude each other."""

    code = "usage"
    exit_code = ExitCode.USAGE
    default_hint = "see `portdash --help`"


class InvalidName(UsageError):
    """Not a service name: `[A-Za-z][A-Za-z0-9._-]{0,62}`, with `@2` for a further instance."""

    code = "invalid_name"
    default_hint = "a name starts with a letter and holds letters, digits, '.', '_' and '-', at most 63 of them"


class InvalidPort(UsageError):
    """Not a port number from 1 to 65535, or not a range of them."""

    code = "invalid_port"
    default_hint = "a port is a whole number from 1 to 65535, a range is FIRST-LAST"


class NoCommand(UsageError):
    """A service is to be started, and neither the request nor the configuration says how."""

    code = "no_command"
    default_hint = "`portdash add NAME --command …` declares one"


class NotTrusted(UsageError):
    """The command of a service comes from a file that nobody here has looked at."""

    code = "not_trusted"
    default_hint = "see it, then `portdash trust`"


class ConfigError(PortdashError):
    """A configuration value that cannot be used; the message names file, key and value."""

    code = "config"
    exit_code = ExitCode.USAGE
    default_hint = "`portdash config check` lists every problem, config.example.toml shows every key"


class UnknownEnvironment(ConfigError):
    """An environment was asked for that no configuration declares."""

    code = "unknown_environment"


class NoSuchService(PortdashError):
    """Nothing is known under that name or port."""

    code = "no_such_service"
    exit_code = ExitCode.NO_SUCH_SERVICE
    default_hint = "`portdash status --all` lists every service"


class NoInstances(NoSuchService):
    """No server of a service was found."""

    code = "no_instances"
    default_hint = "`portdash run NAME -- COMMAND` starts it; --wait waits for it"


class UnknownVariable(NoSuchService, AttributeError):
    """`portdash.config()` has no such attribute: no service of the workspace is exported under that name."""

    code = "unknown_variable"
    default_hint = "`portdash status` shows the services of this workspace"


class NoPortAvailable(PortdashError):
    """Every candidate port was refused. `reasons` says for each one why."""

    code = "no_port_available"
    exit_code = ExitCode.NO_PORT
    default_hint = "`portdash ls` shows who holds which port"

    def __init__(self, message: str, *, hint: str | None = None, reasons: tuple[object, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.reasons = reasons


class StoreError(PortdashError):
    """The store of assignments cannot be used; nothing was written."""

    code = "store"
    exit_code = ExitCode.STORE
    default_hint = "`portdash config path` shows which store is used"


class StoreBusy(StoreError):
    """Another process held the store for longer than the time limit."""

    code = "store_busy"
    default_hint = "try again; a process that never lets go can be found with `fuser` on the .lock file"


class StoreDamaged(StoreError):
    """The store's file is not what was written; it is left untouched and never read as empty."""

    code = "store_damaged"
    default_hint = "`portdash store repair` makes it anew out of what is left; portdash overwrites nothing by itself"


class StoreTooNew(StoreError):
    """A newer portdash wrote this store: it can be read here, not written."""

    code = "store_too_new"
    default_hint = "upgrade portdash; reading works meanwhile"


class StoreOutdated(StoreError):
    """An earlier portdash wrote this store, and it may not be brought up to date in read-only mode."""

    code = "store_outdated"
    default_hint = "run `portdash status` once without --read-only; it keeps a copy of the old file"


class StoreFileInvalid(StoreError):
    """The committed file of a `json:` store is no map of ports: it stays as it is, and so do the assignments."""

    code = "store_file_invalid"
    default_hint = "correct the file, or put back the committed one"


class StoreReadOnly(StoreError):
    """The store's directory, disk or quota does not let us write."""

    code = "store_read_only"
    default_hint = "check the permissions and free space, or set PORTDASH_STORE to a place that can be written"


class StoreUnavailable(StoreError):
    """The store cannot be reached or opened at all."""

    code = "store_unavailable"


class Unanswered(PortdashError):
    """A supervisor was asked for something, and ended, or did not answer in time."""

    code = "unanswered"
    default_hint = "`portdash status` shows whether it runs; ask again, or start it again"


class Refused(PortdashError):
    """It could be done, and portdash will not: the message says why, the hint says who can."""

    code = "refused"
    exit_code = ExitCode.REFUSED
    default_hint = "`portdash resolve --dry-run` shows the gentler ways"


class NotEnded(Refused):
    """A process was asked to end, had its time, and still holds the port. Only killing it is left."""

    code = "not_ended"


class PlanUnresolved(Refused):
    """The plan leaves what was asked for undone, so nothing was changed."""

    code = "plan_unresolved"


class NotSupervised(Refused):
    """The service was not started by `portdash run`, so there is nobody to ask."""

    code = "not_supervised"
    default_hint = "`portdash run NAME -- COMMAND` starts it so that it can be asked"


class PlanFailed(Refused):
    """A service could not be started on its new port, so everything was put back as it was."""

    code = "plan_failed"
    default_hint = "`portdash logs NAME` shows what it printed"


class PlanOutdated(Refused):
    """The world changed between showing the plan and applying it, so nothing was changed."""

    code = "plan_outdated"
    default_hint = "ask for the plan once more: it is made anew"


class LockedDown(Refused):
    """A change was asked for in read-only mode."""

    code = "read_only"
    default_hint = "leave out --read-only to change something"
