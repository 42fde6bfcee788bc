"""The processes that are never ended to free a port, whoever asks: known to the plan, and checked again by the machine.

Names are in lower case. One that ends in `*` stands for all that begin so.
"""

from portdash.record import record


@record
class Protected:
    """Processes of one kind, why they are left alone, and what to do instead."""

    names: frozenset[str]
    because: str
    """Continues `sshd 700 is not ended: it …`."""
    hint: str
    """With `{port}` where the port in question belongs."""

    def covers(self, name: str) -> bool:
        """Say whether a process of this name, in lower case, is one."""
        return name in self.names or any(each[-1] == "*" and name.startswith(each[:-1]) for each in self.names)


PROTECTED = (
    Protected(
        frozenset(("sshd*", "dropbear", "mosh-server")),
        "may carry your own connection",
        "`systemctl stop ssh` ends it",
    ),
    Protected(frozenset(("tmux*",)), "keeps every window of tmux", "`tmux kill-session` ends one session"),
    Protected(frozenset(("screen", "zellij")), "keeps every window of its sessions", "end the session from within"),
    Protected(
        frozenset(("systemd*", "init", "launchd", "upstart")), "runs the system", "`systemctl stop` the unit it serves"
    ),
    Protected(
        frozenset(("dbus-*", "polkitd", "networkmanager")),
        "is what the desktop and the system depend on",
        "leave it running",
    ),
    Protected(
        frozenset(
            (
                "xorg",
                "xwayland",
                "x",
                "gnome-shell",
                "kwin_*",
                "plasmashell",
                "sway",
                "hyprland",
                "weston",
                "windowserver",
                "loginwindow",
            )
        ),
        "draws your screen",
        "log out instead",
    ),
    Protected(
        frozenset(
            (
                "docker-proxy",
                "dockerd",
                "containerd*",
                "podman",
                "rootlessport*",
                "rootlesskit",
                "conmon",
                "com.docker*",
                "vpnkit*",
                "orbstack*",
                "gvproxy",
                "slirp4netns",
                "pasta*",
                "wslrelay*",
            )
        ),
        "serves containers, and ending it would leave them without their ports",
        "stop the container: `docker ps --filter publish={port}` names it, `docker stop NAME` stops it",
    ),
)


def protection_of(name: str) -> Protected | None:
    """Return why a process of this name, in any case, is never ended; None when its name forbids nothing."""
    plain = name.casefold()
    return next((each for each in PROTECTED if each.covers(plain)), None)


DATA_OWNERS = (
    Protected(
        frozenset(("postgres*", "postmaster")), "keeps a database", "`pg_ctl stop -m fast -D DIRECTORY` ends it cleanly"
    ),
    Protected(
        frozenset(("mysqld", "mariadbd")),
        "keeps a database",
        "`mysqladmin -P {port} -u root -p shutdown` ends it cleanly",
    ),
    Protected(
        frozenset(("redis-server", "valkey-server", "keydb-server", "dragonfly")),
        "keeps data that it may not have saved",
        "`redis-cli -p {port} shutdown save` ends it cleanly",
    ),
    Protected(frozenset(("mongod",)), "keeps a database", "`mongod --shutdown --dbpath DIRECTORY` ends it cleanly"),
    Protected(
        frozenset(
            (
                "clickhouse-serv*",
                "cockroach",
                "influxd",
                "etcd",
                "minio",
                "arangod",
                "sqlservr",
                "questdb",
                "surreal",
                "rabbitmq-server",
                "meilisearch",
                "qdrant",
            )
        ),
        "keeps data",
        "stop it with its own tool",
    ),
)
"""Databases: ended only when that was asked for by name, and given more time."""


def data_owner_of(name: str) -> Protected | None:
    """Return which database a process of this name is, None for any other program."""
    plain = name.casefold()
    return next((each for each in DATA_OWNERS if each.covers(plain)), None)
