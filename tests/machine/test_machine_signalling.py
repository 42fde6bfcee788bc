"""Holding processes before anything is sent to them."""

import errno
import os

import pytest

from portdash.errors import Refused
from portdash.machine import signalling


def test_where_one_cannot_be_held_nothing_is_ended(monkeypatch: pytest.MonkeyPatch):
    def refuse(_pid: int) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(signalling, "hold", refuse)
    with pytest.raises(Refused, match="nothing is ended: Too many open files"), signalling.held([os.getpid()]):
        pass


def test_what_has_ended_is_left_out():
    with signalling.held([2**22 + 1, os.getpid()]) as found:
        assert list(found) == [os.getpid()]
