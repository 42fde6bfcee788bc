"""Reading how services ended: only what may have changed is read again."""

import os
from pathlib import Path

import pytest
import scenes

from portdash.dashboard import ends as module
from portdash.dashboard.ends import Ends
from portdash.supervisor.last_end import LastEnd, end_path, keep_end

API, WEB = (scenes.key_of(scenes.SHOP, name) for name in ("api", "web"))
FAR = scenes.key_of(scenes.BLOG, "cms")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []

    def read(path: Path) -> LastEnd | None:
        told.append(path.name)
        return original(path)

    original = module.read_end
    monkeypatch.setattr(module, "read_end", read)
    return told


def test_notes_are_read_once_until_their_directory_changes(tmp_path: Path, reads: list[str]):
    (tmp_path / "shop").mkdir()
    ends = Ends(lambda key: tmp_path / key.workspace / f"{key.service}.log")
    keep_end(end_path(tmp_path / "shop" / "api.log"), LastEnd(5.0, 3))
    os.utime(tmp_path / "shop", (1, 1))  # what changed this very moment may change again unseen
    for _ in range(3):
        assert ends.of([API, WEB, FAR]) == {API: LastEnd(5.0, 3)}
    assert reads == ["api.end", "web.end"]  # and nothing where no directory is
    keep_end(end_path(tmp_path / "shop" / "web.log"), LastEnd(6.0, None))
    assert ends.of([API, WEB]) == {API: LastEnd(5.0, 3), WEB: LastEnd(6.0, None)}
    keep_end(end_path(tmp_path / "shop" / "api.log"), None)
    assert ends.of([API, WEB]) == {WEB: LastEnd(6.0, None)}
    assert ends.of([]) == {}
