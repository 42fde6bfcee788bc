"""Instances whose URLs are said."""

import asyncio
from pathlib import Path

import pytest
from own_ports import own_port

from portdash.config.loading import load
from portdash.config.settings import Flags
from portdash.discovery import listed
from portdash.discovery.asking import AT_ONCE
from portdash.model.health import Health, HealthState


def test_a_long_list_needs_no_more_sockets_than_a_process_may_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = load(cwd=tmp_path, environ={}, flags=Flags(), home=tmp_path)
    now = most = 0

    async def check(*_: object) -> tuple[Health, None]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return Health(state=HealthState.HEALTHY), None

    monkeypatch.setattr(listed, "check_fixed", check)
    urls = [f"http://127.0.0.1:{own_port()}/{number}" for number in range(3)] * AT_ONCE
    assert len(listed.ask_urls("api", urls, config)) == len(urls)
    assert most == AT_ONCE
