"""Many processes at once: nobody fails, and no two get one port."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash


def allocate_at_once(count: int, *arguments: str, cwd: Path) -> list[tuple[int, str, str]]:
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "portdash", "allocate", f"service{number}", *arguments],
            cwd=cwd,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    answers = [child.communicate(timeout=120) for child in children]
    return [(child.returncode, out, err) for child, (out, err) in zip(children, answers, strict=True)]


def test_24_at_once_get_24_ports(project: Path):
    results = allocate_at_once(24, cwd=project)
    assert [err for _code, _out, err in results if err] == []
    assert {code for code, _out, _err in results} == {0}
    assert len({out for _code, out, _err in results}) == 24


@pytest.mark.faults
def test_32_at_once_want_one_port(portdash: Portdash, project: Path, free_port: FreePort):
    port = free_port()
    results = allocate_at_once(32, "--preferred", str(port), cwd=project)
    assert {code for code, _out, _err in results} == {0}
    ports = [int(out) for _code, out, _err in results]
    assert len(set(ports)) == 32
    assert ports.count(port) == 1
    services = portdash("status", "--json").document["services"]
    assert sorted(each["port"] for each in services) == sorted(ports)


@pytest.mark.faults
def test_24_at_once_for_one_service_get_one_port(project: Path):
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "portdash", "allocate", "web"], cwd=project, stdout=subprocess.PIPE, text=True
        )
        for _ in range(24)
    ]
    outs = {child.communicate(timeout=120)[0] for child in children}
    assert {child.returncode for child in children} == {0}
    assert len(outs) == 1
