"""Who holds a published port in a container's stead.

Such a process serves nothing itself: it is not the one to name, and ending it cuts a healthy container off.
"""

_BEGINNINGS = (
    "docker-proxy", "dockerd", "conmon", "rootlessport", "rootlesskit", "slirp4netns", "pasta", "podman",
    "gvproxy", "com.docker", "vpnkit", "orbstack", "limactl", "colima", "rancher", "wslrelay",
)  # fmt: skip
"""How the names of such processes begin."""
_TUNNEL = "ssh"
"""The whole name of what carries the ports of some virtual machines."""


def is_carrier(name: str) -> bool:
    """Say whether a process of this name may hold ports for containers."""
    name = name.casefold()
    return name == _TUNNEL or name.startswith(_BEGINNINGS)
