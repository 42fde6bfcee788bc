"""What a tunnel forwards, read from the command line of its client. Pure.

A port that ssh or kubectl listens on is somebody else's server, elsewhere: `ssh -L 5432:db:5432` says whose.
"""

import re
from collections.abc import Iterator, Sequence

from portdash.named_tuple import NamedTuple
from portdash.planning.command_line import bare

_SSH_WITH_VALUE = "BbcDEeFIiJLlmOopQRSWw"
"""Flags of ssh(1) that take a value, in the same word or as the next."""
_AUTOSSH_WITH_VALUE = f"{_SSH_WITH_VALUE}M"
_FORWARDS = "LRD"
_OPTION = r"(?i:(?P<kind>Local|Remote|Dynamic)Forward)[=\s]+(?P<value>.+)"
_SESSION = r"sshd(?:-session)?: (?P<who>\S+)"
"""The title of what serves one client, `sshd: me@notty`; the server's own goes on with its path."""
_LONGEST = 80


class Forward(NamedTuple):
    """One port that a client of ssh forwards."""

    flag: str
    """`L`, `R` or `D`."""
    value: str
    """As it stands there: `5432:db:5432`, `[::1]:5432:[fd00::1]:5432`, `1080`."""

    @property
    def port(self) -> int | None:
        """The port that is listened on, None for a socket with a path."""
        fields = _fields(self.value)
        if self.flag == "D":
            number = fields[-1]
        elif len(fields) in (3, 4):
            number = fields[-3]
        elif len(fields) in (1, 2) and self.flag == "R":
            number = fields[-1]  # a proxy at the other end
        else:
            return None
        return int(number) if number.isascii() and number.isdigit() and len(number) <= 5 else None


def tunnel_text(name: str | None, command: Sequence[str] | None, port: int) -> str | None:
    """Return what the tunnel on `port` is, `ssh -L 5432:db:5432` or `kubectl port-forward svc/db:5432`.

    None for a process that is no tunnel. A client of ssh that listens by its configuration file says only where to.
    """
    if command and (found := re.match(_SESSION, command[0])):
        return None if found["who"].startswith("/") else "ssh -R"
    program = bare(command[0]).casefold() if command else (name or "").casefold()
    arguments = tuple(command or ())[1:]
    if program in ("ssh", "autossh"):
        return _ssh(program, arguments, port)
    if program == "kubectl":
        return _kubectl(arguments, port)
    return None


def forwards(arguments: Sequence[str], *, with_value: str = _SSH_WITH_VALUE) -> Iterator[Forward]:
    """Yield what the arguments of ssh(1) forward, in order; the words after the host are the other end's."""
    hosts = 0
    for flag, value in _options(arguments, with_value):
        if not flag:
            hosts += 1
        elif hosts > 1:
            return
        elif flag in _FORWARDS and value:
            yield Forward(flag, value)
        elif flag == "o" and (found := re.fullmatch(_OPTION, value.strip())):
            yield Forward(found["kind"][0].upper(), ":".join(found["value"].split()))


def _ssh(program: str, arguments: Sequence[str], port: int) -> str:
    with_value = _AUTOSSH_WITH_VALUE if program == "autossh" else _SSH_WITH_VALUE
    found = list(forwards(arguments, with_value=with_value))
    fitting = next((each for each in found if each.port == port), None)
    if fitting:
        return f"ssh -{fitting.flag} {fitting.value[:_LONGEST]}"
    host = next((value for flag, value in _options(arguments, with_value) if not flag), None)
    return f"ssh to {host[:_LONGEST]}" if host else "ssh"


def _options(arguments: Sequence[str], with_value: str) -> Iterator[tuple[str, str]]:
    """Yield each flag with its value, and plain words with an empty flag. `-fNL 1:h:2` is three flags."""
    words = iter(arguments)
    for word in words:
        if not word.startswith("-") or word == "-":
            yield "", word
            continue
        letters = word[1:]
        for index, letter in enumerate(letters):
            if letter in with_value:
                yield letter, letters[index + 1 :] or next(words, "")
                break
            yield letter, ""


def _fields(value: str) -> list[str]:
    """Split at the colons that are not inside the brackets of an IPv6 address."""
    return re.split(r"[:/](?![^\[\]]*\])", value)


_KUBECTL_WITH_VALUE = frozenset(
    (
        "-n",
        "--namespace",
        "--context",
        "--kubeconfig",
        "--address",
        "--pod-running-timeout",
        "--cluster",
        "-s",
        "--user",
    )
)


def _kubectl(arguments: Sequence[str], port: int) -> str | None:
    plain: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _KUBECTL_WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            plain.append(word)
    if plain[:1] == ["proxy"]:
        return "kubectl proxy"
    if plain[:1] != ["port-forward"]:
        return None
    target = plain[1] if len(plain) > 1 else ""
    for mapping in plain[2:]:
        local, _, remote = mapping.partition(":")
        if local == str(port) or (not local and len(plain) == 3):
            return f"kubectl port-forward {target}:{remote or local}"[:_LONGEST]
    return f"kubectl port-forward {target}".rstrip()[:_LONGEST]
