"""Whether anything says how portdash is to be set up. Most commands are given where nothing does.

What is built in counts there, and the reader of configuration, which costs more than the look at all that listens, is
not even imported. `portdash get` pays for this module: nothing is read, little imported.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from portdash.config.paths import user_file
from portdash.config.project_files import project_files

_SAYS_NOTHING = "PORTDASH_EXPORTED"
"""Our own word to ourselves, which is in every shell that reads an export."""


def is_silent(*, cwd: Path, environ: Mapping[str, str], home: Path, besides: Collection[str] = ()) -> bool:
    """Say whether neither a variable nor a file says anything. A file that is no good is said something.

    `besides` are variables that say nothing which the caller asks for.
    """
    if any(name.startswith("PORTDASH_") and name != _SAYS_NOTHING and name not in besides for name in environ):
        return False
    return not os.path.lexists(user_file(environ, home)) and not project_files(cwd, home)
