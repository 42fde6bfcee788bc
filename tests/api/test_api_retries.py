from dataclasses import replace

import httpx
import pytest
from api_world import MANAGEMENT, client_of

from portdash.api.problems import BadRequest, KeyReused
from portdash.api.retries import MOST_KEPT, Key, Reply, Retries, read_key
from portdash.api.settings import Settings
from portdash.errors import PlanOutdated
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.plans import plan_undo

ALLOCATE, WEB = f"{MANAGEMENT}/allocate", {"name": "web", "preferred": 3000}


def key(number: int, request: str = "r") -> Key:
    return Key(f"{number:024}", request)


async def test_a_retry_has_no_second_effect(client: httpx.AsyncClient, deps: Deps):
    once = {"Idempotency-Key": "one"}
    first = await client.post(ALLOCATE, json=WEB, headers=once)
    assert (await client.delete(f"{MANAGEMENT}/release/3000", headers={"Idempotency-Key": "two"})).status_code == 204
    revision = deps.store.snapshot().revision
    again = await client.post(ALLOCATE, json=WEB, headers=once)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert (await client.delete(f"{MANAGEMENT}/release/3000", headers={"Idempotency-Key": "two"})).status_code == 204
    assert deps.store.snapshot().revision == revision


async def test_a_key_stands_for_one_request(client: httpx.AsyncClient, deps: Deps):
    once = {"Idempotency-Key": "one"}
    assert (await client.post(ALLOCATE, json=WEB, headers=once)).status_code == 201
    for answer in (
        await client.post(ALLOCATE, json={"name": "api"}, headers=once),
        await client.delete(f"{MANAGEMENT}/release/3000", headers=once),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert len(deps.store.snapshot().assignments) == 1


async def test_the_store_knows_a_retry_after_a_restart(deps: Deps, settings: Settings):
    once = {"Idempotency-Key": "one"}
    async with client_of(deps, settings) as client:
        await client.post(ALLOCATE, json=WEB, headers=once)
    async with client_of(deps, settings) as client:
        again = await client.post(ALLOCATE, json=WEB, headers=once)
        assert (again.status_code, again.json()["assignments"][0]["port"]) == (200, 3000)
        assert (await client.post(ALLOCATE, json={"name": "api"}, headers=once)).json()["code"] == "key_reused"
        assert deps.store.snapshot().revision == 1
        await client.delete(f"{MANAGEMENT}/release/3000", headers={"Idempotency-Key": "two"})
    async with client_of(deps, settings) as client:
        assert (
            await client.delete(f"{MANAGEMENT}/release/3000", headers={"Idempotency-Key": "two"})
        ).status_code == 204
        late = await client.post(ALLOCATE, json=WEB, headers=once)
        assert (late.status_code, late.json()["code"]) == (409, "plan_outdated")
    assert deps.store.snapshot().revision == 2
    assert not deps.store.snapshot().assignments


async def test_what_was_taken_back_is_not_done_again_by_a_retry(deps: Deps, settings: Settings):
    once = {"Idempotency-Key": "one"}
    async with client_of(deps, settings) as client:
        await client.post(ALLOCATE, json=WEB, headers=once)
    apply_plan(deps, plan_undo(deps, deps.observer.snapshot()))
    async with client_of(deps, settings) as client:
        late = await client.post(ALLOCATE, json=WEB, headers=once)
        assert (late.status_code, late.json()["code"]) == (409, "plan_outdated")
    assert not deps.store.snapshot().assignments


async def test_an_error_leaves_the_key_unused(deps: Deps, settings: Settings):
    once = {"Idempotency-Key": "one"}
    async with client_of(replace(deps, config=replace(deps.config, read_only=True)), settings) as client:
        assert (await client.post(ALLOCATE, json=WEB, headers=once)).status_code == 403
    async with client_of(deps, settings) as client:
        assert (await client.delete(f"{MANAGEMENT}/release/3000", headers=once)).status_code == 404
        assert (await client.post(ALLOCATE, json=WEB, headers=once)).status_code == 201


def test_a_retry_while_the_first_is_under_way_is_told_so():
    retries = Retries()
    with retries.first(key(1)):
        with pytest.raises(PlanOutdated):
            retries.earlier(key(1))
        with pytest.raises(KeyReused):
            retries.earlier(key(1, "other"))
        retries.keep(key(1), Reply(200, b"done"))
    assert retries.earlier(key(1)) == Reply(200, b"done")


def test_only_so_many_answers_are_kept():
    retries = Retries()
    for number in range(MOST_KEPT + 1):
        retries.keep(key(number), Reply(200, b""))
    assert retries.earlier(key(0)) is None
    assert retries.earlier(key(1)) is not None


@pytest.mark.parametrize("header", ["", " ", "x" * 201, "a\tb", "k\u00e9y"])
def test_a_key_that_cannot_be_used_is_refused(header: str):
    with pytest.raises(BadRequest):
        read_key(header, method="POST", path="/", body=b"")


async def test_two_keys_are_refused(client: httpx.AsyncClient, deps: Deps):
    headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    answer = await client.post(f"{MANAGEMENT}/allocate", json={"name": "web"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert not deps.store.snapshot().assignments


def test_a_key_is_kept_as_a_digest():
    made = read_key("secret", method="POST", path="/", body=b"{}")
    assert made is not None
    assert "secret" not in made.operation
    assert made != read_key("secret", method="DELETE", path="/", body=b"{}")
    assert read_key(None, method="POST", path="/", body=b"") is None
