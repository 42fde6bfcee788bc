import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from api_world import PATIENCE, Listen, until

from portdash.api import shapes, streams
from portdash.api.app import create_app
from portdash.api.settings import Settings
from portdash.api.streams import MOST_WAITING, Streams
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.history import Event, EventKind

Stream = AsyncIterator[bytes]


def event(number: int, kind: EventKind = EventKind.ASSIGNED) -> Event:
    return Event(kind=kind, at=1.0, workspace="shop", service="web", actor="test", reason="\n\x1b]52;", sequence=number)


@pytest.fixture
async def told(deps: Deps) -> AsyncIterator[Streams]:
    found = Streams(deps)
    found.start()
    yield found
    found.stop()


async def following(stream: Stream) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await anext(stream)


def kind_of(text: bytes) -> bytes:
    return next(line for line in text.splitlines() if line.startswith(b"event: ")).removeprefix(b"event: ")


async def test_a_change_is_told_as_it_happens(deps: Deps, told: Streams):
    stream = told.read(None)
    assert (await following(stream)).startswith(b"retry: 2000\n")
    second = asyncio.ensure_future(following(stream))
    await until(lambda: told.count == 1)
    await asyncio.to_thread(allocate, deps, [Wish(name="web", preferred=(3000,))])
    text = await second
    identity, kind, data = text.decode().rstrip("\n").split("\n")
    assert (identity, kind) == ("id: 1", "event: assigned")
    found = msgspec.json.decode(data.removeprefix("data: "), type=shapes.EventData)
    assert (found.service, found.after, found.actor) == ("web", 3000, "api")
    await stream.aclose()  # type: ignore[attr-defined]
    assert told.count == 0


async def test_who_comes_back_is_told_what_it_missed_and_nothing_twice(deps: Deps, told: Streams):
    for name in ("one", "two", "three"):
        allocate(deps, [Wish(name=name)])
    stream = told.read(1)
    texts = [await following(stream) for _ in range(3)]
    assert [text.split(b"\n")[0] for text in texts[1:]] == [b"id: 2", b"id: 3"]
    told._hand_out(streams.Told(3, streams.encoded(event(3))))
    told._hand_out(streams.Told(4, streams.encoded(event(4))))
    assert (await following(stream)).startswith(b"id: 4\n")


async def test_what_is_not_kept_any_more_is_counted(deps: Deps, told: Streams, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "EVENTS_KEPT", 2)
    for name in ("one", "two", "three", "four"):
        allocate(deps, [Wish(name=name)])
    stream = told.read(0)
    await following(stream)
    assert await following(stream) == b'event: missed\ndata: {"events":2}\n\n'
    assert (await following(stream)).startswith(b"id: 3\n")


async def test_a_reader_that_does_not_read_is_cut_off_and_holds_up_nobody(told: Streams):
    slow, quick = told.read(None), told.read(None)
    await following(slow)
    await following(quick)
    first = asyncio.ensure_future(following(slow))
    other = asyncio.ensure_future(following(quick))
    await until(lambda: told.count == 2)
    for number in range(1, MOST_WAITING + 3):
        told._hand_out(streams.Told(number, streams.encoded(event(number))))
        if number == 1:
            await asyncio.gather(first, other)
        else:
            assert (await following(quick)).startswith(f"id: {number}\n".encode())
    left = [text async for text in slow]
    assert len(left) < MOST_WAITING
    assert told.count == 1


async def test_those_who_come_at_once_are_no_more_than_there_may_be(told: Streams, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "MOST_STREAMS", 2)
    first, second, third = (told.read(None) for _ in range(3))
    for each in (first, second, third):
        await following(each)
    assert await asyncio.wait_for(anext(third, None), PATIENCE) is None
    assert told.count == 2
    waiting = [asyncio.ensure_future(following(each)) for each in (first, second)]
    told._hand_out(streams.Told(1, streams.encoded(event(1))))
    assert all(text.startswith(b"id: 1\n") for text in await asyncio.gather(*waiting))


async def test_silence_is_filled(told: Streams, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "HEARTBEAT", 0.01)
    stream = told.read(None)
    await following(stream)
    assert await following(stream) == b": still here\n\n"


async def test_an_end_of_the_server_ends_every_stream(told: Streams):
    stream = told.read(None)
    await following(stream)
    rest = asyncio.ensure_future(anext(stream, None))
    told.close()
    assert await rest is None
    assert [text async for text in told.read(None)][1:] == []


async def test_conflicts_are_looked_for_while_somebody_reads(deps: Deps, told: Streams, listen: Listen):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    stream = told.read(None)
    await following(stream)
    listen(3000)
    assert kind_of(await following(stream)) == b"conflict"
    assert deps.events.wants(EventKind.CONFLICT)
    await stream.aclose()  # type: ignore[attr-defined]
    assert not deps.events.wants(EventKind.CONFLICT)


def test_a_foreign_word_breaks_no_event():
    text = streams.encoded(event(7))
    assert text.count(b"\n\n") == 1
    assert b"\x1b" not in text
    assert streams.encoded(event(0)).startswith(b"event: ")


async def test_a_long_poll_ends_with_a_change_or_with_its_time(client: httpx.AsyncClient, deps: Deps):
    first = await client.get("/api/ports")
    revision, link = first.headers["portdash-revision"], first.headers["link"]
    assert link == f'</api/ports?since={revision}&timeout=30>; rel="next"'
    same = await client.get(f"/api/ports?since={revision}&timeout=0", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    waiting = asyncio.ensure_future(client.get(f"/api/ports?since={revision}&timeout=30"))
    await asyncio.to_thread(allocate, deps, [Wish(name="web", preferred=(3000,))])
    async with asyncio.timeout(PATIENCE):
        answer = await waiting
    assert answer.json()["data"]["web"] == 3000
    assert answer.headers["etag"] != first.headers["etag"]
    old = await client.get("/api/ports", headers={"If-None-Match": f'"x", W/{answer.headers["etag"]}'})
    assert old.status_code == 304


async def test_an_application_may_be_run_again(deps: Deps, settings: Settings):
    app = create_app(deps, settings)
    core = app.state["core"]
    for name in ("one", "two"):
        async with core.running(app):
            stream = core.streams.read(None)
            await following(stream)
            await asyncio.to_thread(allocate, deps, [Wish(name=name)])
            assert name.encode() in await following(stream)
