"""Names of users. Nothing here asks the environment who somebody is, except where the system has no user ids."""

import os
from functools import cache


@cache
def user_name(uid: int) -> str:
    """Return the login name of a user id, or the number where nobody has it."""
    try:
        import pwd  # noqa: PLC0415 (not on Windows)

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError, OSError):
        return str(uid)


def current_user() -> str:
    """Return the name of the user we act as."""
    if hasattr(os, "geteuid"):
        return user_name(os.geteuid())
    return os.environ.get("USERNAME") or "user"
