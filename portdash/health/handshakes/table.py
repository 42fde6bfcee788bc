"""What each server is asked, and what it answers. Data, taken from what clients and servers really say.

The bytes are chosen for what they do not do: no login that could be refused, no half-open handshake that counts against
the host, and no line in the server's log wherever there is a way without one.
"""

import json
import re
from collections.abc import Mapping
from os import getpid

from portdash.health.handshakes.exchange import Answer, Exchange
from portdash.model.health import HealthState

_VERSION = rb"(?P<version>[0-9][0-9A-Za-z.+~-]{0,30})"
_REDIS_TROUBLES: Mapping[bytes, HealthState] = {
    b"LOADING": HealthState.STARTING,
    b"MASTERDOWN": HealthState.DEGRADED,
    b"BUSY": HealthState.DEGRADED,
    b"MISCONF": HealthState.DEGRADED,
    b"ERR": HealthState.UNHEALTHY,
}
"""What a server that answers may have to say; that it wants a password first is no trouble."""


def _redis(found: re.Match[bytes]) -> Answer | None:
    """Read the reply to PING. Its word is the first of an error: `-LOADING Redis is loading the dataset in memory`."""
    word = found["word"]
    if word in _REDIS_TROUBLES:
        return Answer(found["line"].decode("utf-8", "replace"), _REDIS_TROUBLES[word])
    if word is not None:
        return Answer("Redis, wants a password" if word == b"NOAUTH" else f"Redis, answers {word.decode('ascii')}")
    name, version = found["name"], found["version"]
    title = name.decode("ascii").capitalize() if name else "Redis"
    shown = version.decode("ascii") if version else None
    return Answer(f"{title} {shown}" if shown else title, version=shown)


def _nats(found: re.Match[bytes]) -> Answer | None:
    """Read the INFO that a server begins with, or its refusal of one more client."""
    if found["error"] is not None:
        return Answer(found["error"].decode("utf-8", "replace"), HealthState.UNHEALTHY)
    try:
        told = json.loads(found["info"])
    except (ValueError, RecursionError):
        return None
    version = told.get("version") if isinstance(told, dict) else None
    return Answer(f"NATS {version}", version=version) if isinstance(version, str) else None


def _mqtt(found: re.Match[bytes]) -> Answer | None:
    """Read a CONNACK: a refusal of the client's name or password is an answer, too; only 3 is trouble."""
    code = found["code"][0]
    if code == 3:
        return Answer("the broker is not available, it says", HealthState.UNHEALTHY)
    return Answer("MQTT broker" if code == 0 else "MQTT broker, lets in only who it knows")


def _postgres(found: re.Match[bytes]) -> Answer | None:
    """Read the byte, or the error of a server that is older than the question, which is an answer as well."""
    return Answer("PostgreSQL") if found["error"] is None else Answer("PostgreSQL, older than 12")


def _smtp(found: re.Match[bytes]) -> Answer | None:
    line = found["line"].decode("utf-8", "replace")
    return Answer(line or "SMTP server", HealthState.HEALTHY if found["code"] == b"220" else HealthState.UNHEALTHY)


def _ssh(found: re.Match[bytes]) -> Answer | None:
    software = found["line"].decode("utf-8", "replace").partition(" ")[0]
    name, _, version = software.partition("_")
    return Answer(software.replace("_", " ", 1), version=version or None) if name else None


def _amqp(found: re.Match[bytes]) -> Answer | None:
    """Read Connection.Start, whose table of properties names the product and its version."""
    if found["other"] is not None:
        return Answer("AMQP broker of another version")
    told = {key: _long_string(found["start"], key) for key in (b"product", b"version")}
    product, version = told[b"product"], told[b"version"]
    return Answer(f"{product} {version}" if version else product, version=version) if product else None


def _long_string(table: bytes, key: bytes) -> str | None:
    """Return a text of an AMQP field table: the key with its length before it, `S`, four bytes of length, the text."""
    _, found, rest = table.partition(bytes((len(key),)) + key + b"S")
    length = int.from_bytes(rest[:4], "big")
    return rest[4 : 4 + length].decode("utf-8", "replace") if found and length <= _LONGEST else None


_LONGEST = 100
_STARTUP_GSS = bytes.fromhex("0000000804d21630")
_MQTT_ID = b"portdash%07d" % (getpid() % 10**7)
"""Of each portdash its own: of two clients with one name a broker throws out the earlier."""
_MQTT_CONNECT = bytes.fromhex("101b 00044d515454 04 02 000a 000f") + _MQTT_ID

REDIS = Exchange(
    title="Redis",
    send=b"PING\r\nHELLO\r\nQUIT\r\n",  # one packet there and back; HELLO changes nothing and tells the version
    begins=(b"+PONG", b"-"),
    reply=re.compile(
        rb"\+PONG\r\n(?:-|\*\d+\r\n\$6\r\nserver\r\n\$\d+\r\n(?P<name>[a-z]{1,20})\r\n"
        rb"\$7\r\nversion\r\n\$\d+\r\n" + _VERSION + rb"\r\n)|-(?P<line>(?P<word>[A-Z]+)[^\r\n]{0,200})\r\n"
    ),
    least=re.compile(rb"\+PONG\r\n(?P<name>\x00)?(?P<version>\x00)?(?P<word>\x00)?"),
    read=_redis,
)
POSTGRES = Exchange(
    title="PostgreSQL",
    # Asking for encryption by GSSAPI is answered with a byte, and who then leaves is not mentioned; asking for TLS and
    # leaving is, by a server that has it.
    send=_STARTUP_GSS,
    begins=(b"G", b"N", b"E"),
    reply=re.compile(rb"[GN]|E(?P<error>[^\x00]{0,200})"),
    read=_postgres,
)
NATS = Exchange(
    title="NATS",
    begins=(b"INFO ", b"-ERR"),
    reply=re.compile(rb"INFO (?P<info>\{[^\r\n]*\}) ?\r\n|-ERR (?P<error>[^\r\n]{0,200})\r\n"),
    read=_nats,
)
MQTT = Exchange(
    title="MQTT broker",
    send=_MQTT_CONNECT,
    begins=(b"\x20\x02",),
    reply=re.compile(rb"\x20\x02[\x00\x01](?P<code>[\x00-\x05])", re.DOTALL),
    read=_mqtt,
    goodbye=b"\xe0\x00",
    is_noted=True,
)
MEMCACHED = Exchange(
    title="memcached",
    send=b"version\r\nquit\r\n",
    begins=(b"VERSION ",),
    reply=re.compile(rb"VERSION " + _VERSION + rb"[^\r\n]{0,40}\r\n"),
)
BEANSTALKD = Exchange(
    title="beanstalkd",
    send=b"stats\r\n",
    begins=(b"OK ",),
    reply=re.compile(rb"OK \d+\r\n---\n(?:.*?\nversion: \"?" + _VERSION + rb"\"?\r?\n)", re.DOTALL),
    least=re.compile(rb"OK \d+\r\n---\n"),
    goodbye=b"quit\r\n",
)
SMTP = Exchange(
    title="SMTP server",
    begins=(b"220", b"421", b"554"),
    reply=re.compile(rb"(?P<code>220|421|554)[ -](?P<line>[^\r\n]{0,200})\r\n"),
    read=_smtp,
    goodbye=b"QUIT\r\n",
)
SSH = Exchange(
    title="SSH server",
    begins=(b"SSH-",),
    reply=re.compile(rb"SSH-(?:2\.0|1\.99)-(?P<line>[^\r\n]{1,200})\r?\n"),
    read=_ssh,
    goodbye=b"SSH-2.0-portdash\r\n",
    is_noted=True,
)
AMQP = Exchange(
    title="AMQP broker",
    send=b"AMQP\x00\x00\x09\x01",
    begins=(b"\x01\x00\x00", b"AMQP"),
    reply=re.compile(rb"\x01\x00\x00.{4}\x00\x0a\x00\x0a(?P<start>.*?)\xce|AMQP(?P<other>.{4})", re.DOTALL),
    read=_amqp,
    is_noted=True,
)
