"""The processes that are never ended to free a port, whoever asks: known to the plan, and checked again by the machine.

Names are in lower case. One that ends in `*` stands for all that begin so.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
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
            ("xorg", "xwayland", "x", "gnome-shell", "kwin_*", "plasmashell", "sway", "windowserver", "loginwindow")
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
