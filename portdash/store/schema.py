"""The tables of the SQLite store, version 2, and how a file is known to be ours.

Every table has a `sum` over its other columns (see `seal.row_sum`): SQLite finds a damaged tree of pages, but not a
flipped bit in a text. Tables keep their implicit rowid, because the index beside the table is what `integrity_check`
compares it with. STRICT is left out: it needs SQLite 3.37.
"""

APPLICATION_ID = 0x50444153
"""`PDAS`, in the header of the file."""
VERSION = 2
"""`user_version` of what is written here."""
OLDEST = 1
"""The first version there ever was; from it on, `migrations` leads to this one."""

_KEY = """
  host TEXT NOT NULL, user TEXT NOT NULL, workspace TEXT NOT NULL, environment TEXT NOT NULL, service TEXT NOT NULL,
  protocol TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp'))"""
_KEY_COLUMNS = "host, user, workspace, environment, service, protocol"
_PORT = "port INTEGER NOT NULL CHECK (typeof(port) = 'integer' AND port BETWEEN 1 AND 65535)"

BY_KEY = "WHERE host = ? AND user = ? AND workspace = ? AND environment = ? AND service = ? AND protocol = ?"
"""Finds the one row of a service, by the columns of its key in order."""
SELECT_ASSIGNMENT = (
    "SELECT host, user, workspace, environment, service, protocol, port, source, revision, body, sum FROM assignment"
)
SELECT_WORKSPACE = "SELECT host, folded, root, body, sum FROM workspace"

REQUEST = """CREATE TABLE request (id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL, sum INTEGER NOT NULL)"""
"""The one table that version 1 did not have."""

SCHEMA = (
    """CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1),
  revision INTEGER NOT NULL, operation TEXT NOT NULL, sum INTEGER NOT NULL)""",
    f"""CREATE TABLE assignment ({_KEY},
  {_PORT},
  source TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY ({_KEY_COLUMNS}))""",
    "CREATE UNIQUE INDEX one_owner ON assignment (host, port, protocol) WHERE source <> 'inherited'",
    f"""CREATE TABLE lease ({_KEY},
  body TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY ({_KEY_COLUMNS}))""",
    """CREATE TABLE workspace (host TEXT NOT NULL, folded TEXT NOT NULL, root BLOB,
  body TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY (host, folded))""",
    "CREATE UNIQUE INDEX one_name ON workspace (host, root) WHERE root IS NOT NULL",
    f"""CREATE TABLE quarantine (host TEXT NOT NULL, protocol TEXT NOT NULL, {_PORT},
  released_at REAL NOT NULL, service TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY (host, protocol, port))""",
    """CREATE TABLE plan (id TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL,
  body TEXT NOT NULL, sum INTEGER NOT NULL)""",
    """CREATE TABLE operation (revision INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workspace TEXT NOT NULL,
  changed INTEGER NOT NULL, undone INTEGER NOT NULL, body TEXT NOT NULL, sum INTEGER NOT NULL)""",
    """CREATE TABLE event (sequence INTEGER PRIMARY KEY, service BLOB NOT NULL,
  body TEXT NOT NULL, sum INTEGER NOT NULL)""",
    REQUEST,
)
"""Statements that make an empty file a store, in order."""

OPERATIONS_KEPT = 1_000
"""A batch can be replayed and undone while it is among this many latest ones."""
EVENTS_KEPT = 10_000
"""Lines of history."""
SWEEP = 64
"""Revisions between two that take out of the log what is older than that: each page of it that a change touches is
written twice, so what is taken out one by one costs as much as what is put in."""
