"""The system's rules about ports, from the texts in which each system states them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.machine.limits import (
    can_bind_low,
    linux_limits,
    macos_limits,
    parse_port_list,
    read_limits,
    windows_limits,
)
from portdash.model.ports import PortRange


@pytest.mark.needs_linux
def test_this_machine():
    settings = Path("/proc/sys/net/ipv4")
    first, last = map(int, (settings / "ip_local_port_range").read_text().split())
    limits = read_limits()
    assert limits.ephemeral == PortRange(first, last)
    assert limits.unprivileged_start == int((settings / "ip_unprivileged_port_start").read_text())


def test_settings_of_an_administrator(tmp_path: Path):
    settings = tmp_path / "sys/net/ipv4"
    settings.mkdir(parents=True)
    (tmp_path / "self").mkdir()
    (settings / "ip_local_port_range").write_text("10000\t10099\n")
    (settings / "ip_local_reserved_ports").write_text("8080,9000-9002,9148\n")
    (settings / "ip_unprivileged_port_start").write_text("80\n")
    (tmp_path / "self/status").write_text("Name:\tx\nCapEff:\t0000000000000400\n")
    limits = linux_limits(proc=str(tmp_path))
    assert limits.ephemeral == PortRange(10000, 10099)
    assert limits.reserved == {8080, 9000, 9001, 9002, 9148}
    assert (limits.unprivileged_start, limits.privileged) == (80, True)


def test_without_the_settings_the_usual_holds(tmp_path: Path):
    limits = linux_limits(proc=str(tmp_path))
    assert (limits.ephemeral, limits.reserved) == (PortRange(32768, 60999), frozenset())
    assert (limits.unprivileged_start, limits.privileged) == (1024, False)


@pytest.mark.parametrize(
    ("effective", "may"),
    [("000001ffffffffff", True), ("0000000000000400", True), ("00000000a80421fb", False), ("0", False), ("", False)],
)
def test_the_capability_and_not_the_user_decides(effective: str, may: bool):
    assert can_bind_low(f"Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t{effective}\n") is may


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("\n", set()),
        ("8080", {8080}),
        ("1-3,7\n", {1, 2, 3, 7}),
        ("x,5-,-5,9-7,70000,0,8", {5, 8}),
    ],
)
def test_lists_of_ports(text: str, ports: set[int]):
    assert parse_port_list(text) == ports


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str):
    assert all(1 <= port <= 65535 for port in parse_port_list(text))
    macos_limits(text, privileged=False)
    windows_limits(text, text)


def test_macos():
    told = "net.inet.ip.portrange.first: 49152\nnet.inet.ip.portrange.last: 65535\n"
    limits = macos_limits(told, privileged=False)
    assert limits.ephemeral == PortRange(49152, 65535)
    assert limits.reserved == {5000, 7000}
    narrowed = "net.inet.ip.portrange.first: 40000\nnet.inet.ip.portrange.last: 41000\n"
    assert macos_limits(narrowed, privileged=True).ephemeral == PortRange(40000, 41000)
    assert macos_limits("", privileged=False).ephemeral == PortRange(49152, 65535)


EXCLUDED = """
Protocol tcp Port Exclusion Ranges

Start Port    End Port
----------    --------
      2869        2870
     50000       50001     *

* - Administered port exclusions.
"""
DYNAMIC = """
Protokoll tcp Dynamischer Portbereich
---------------------------------
Startport       : 49152
Anzahl von Ports : 16384
"""


def test_windows():
    limits = windows_limits(EXCLUDED, DYNAMIC)
    assert limits.reserved == {2869, 2870, 50000, 50001}
    assert limits.ephemeral == PortRange(49152, 65535)
    assert limits.unprivileged_start == 1
    assert windows_limits("", "Start Port : 1025\nNumber of Ports : 100\n").ephemeral == PortRange(1025, 1124)
    assert windows_limits("", "").ephemeral == PortRange(49152, 65535)
