"""Asking a server in its own protocol, so that neither its log nor its limits notice."""

from collections.abc import Mapping
from types import MappingProxyType

from portdash.health.handshakes import table
from portdash.health.handshakes.exchange import Exchange, Handshake
from portdash.health.handshakes.hanging_up import HangUp

__all__ = ["HANDSHAKES", "NEVER_CONNECTED", "PROTOCOLS", "Exchange", "Handshake", "HangUp", "handshake_for", "is_noted"]

HANDSHAKES: Mapping[str, Handshake] = MappingProxyType(
    {
        "redis": table.REDIS,
        "valkey": table.REDIS,
        "keydb": table.REDIS,
        "dragonfly": table.REDIS,
        "postgres": table.POSTGRES,
        "rabbitmq": HangUp(),
        "nats": table.NATS,
        "mosquitto": table.MQTT,
        "memcached": table.MEMCACHED,
        "beanstalkd": table.BEANSTALKD,
        "smtp": table.SMTP,
        "ssh": table.SSH,
    }
)
"""How each kind of server is asked."""

PROTOCOLS: Mapping[str, Handshake] = MappingProxyType(
    {
        "redis": table.REDIS,
        "postgres": table.POSTGRES,
        "amqp": table.AMQP,
        "nats": table.NATS,
        "mqtt": table.MQTT,
        "memcached": table.MEMCACHED,
        "beanstalkd": table.BEANSTALKD,
        "smtp": table.SMTP,
        "ssh": table.SSH,
    }
)
"""The same by protocol, for who asks for one: `amqp` says more than the quiet look at a RabbitMQ, and is logged."""

NEVER_CONNECTED = frozenset(("mariadb", "mysql"))
"""Kinds that are not so much as connected to: each connection without a login counts as an error of the host it comes
from, and after `max_connect_errors` of them in a row the server lets nobody from there in any more."""


def handshake_for(kind: str) -> Handshake | None:
    """Return how a kind of server is asked, None where there is no way, or none that does no harm."""
    return HANDSHAKES.get(kind)


def is_noted(handshake: Handshake) -> bool:
    """Say whether a server writes a line into its log for each such visit; then it is one to be asked for."""
    return isinstance(handshake, Exchange) and handshake.is_noted
