"""Ports that a configuration names and that the operating system of this machine gives to nobody, or not to us."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from portdash.config.origins import BUILT_IN, dotted
from portdash.config.settings import Config
from portdash.model.assignment import Reason, ServiceSpec, Verdict
from portdash.model.policy import PortLimits
from portdash.planning.rules import own_range, sequence, static_refusal

_OF_THE_SYSTEM = (Verdict.OS_RESERVED, Verdict.EPHEMERAL, Verdict.PRIVILEGED)


class Withheld(NamedTuple):
    """Ports of one setting that cannot be had on this machine."""

    key: str
    """As in the file: `services.web.range`."""
    reasons: tuple[Reason, ...]
    """One for each port that cannot be had, by port; at least one."""
    is_all: bool
    """Whether no port of the setting can be had."""


def withheld(config: Config, limits: PortLimits) -> Iterator[Withheld]:
    """Yield the settings of the configuration, its built-in ones left out, that name ports which cannot be had."""
    policy = config.policy()
    for key, ports in _settings(config):
        if config.origin(key) == BUILT_IN:
            continue
        named = sorted(set(ports))
        verdicts = ((port, static_refusal(_ANYBODY, port, policy, limits)) for port in named)
        reasons = tuple(Reason(port, verdict) for port, verdict in verdicts if verdict in _OF_THE_SYSTEM)
        if reasons:
            yield Withheld(key, reasons, len(reasons) == len(named))


_ANYBODY = ServiceSpec(name="anybody")


def _settings(config: Config) -> Iterator[tuple[str, Iterable[int]]]:
    """Yield every setting that names ports, with all of them."""
    yield "base_port", sequence(config.policy())
    for number, each in enumerate(config.policy().ranges):
        yield f"ranges[{number}].range", each.ports
    for service in config.services:
        spec = service.spec
        if spec.preferred:
            yield dotted("services", spec.name, "preferred"), spec.preferred
        if found := own_range(spec):
            yield dotted("services", spec.name, "range" if spec.range else "base"), found
