"""What a generator makes of our own schema: requests as they should be, and as they should not."""

import warnings
from collections import Counter
from typing import TYPE_CHECKING

import hypothesis
import pytest
from api_world import BASE, BEARER
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from portdash.api.app import create_app
from portdash.api.catalogue import ROUTES
from portdash.api.core import Core
from portdash.api.openapi import openapi
from portdash.api.settings import Settings
from portdash.manager.deps import Deps

if TYPE_CHECKING:
    from schemathesis.generation.case import Case

FEW, MANY = 100, 1000
SILENT = 503
"""What a service that is not there is answered with, and a store out of reach: said in the schema, and no failure."""


def ask_at_random(deps: Deps, settings: Settings, cases: int) -> Counter[str]:
    """Send at least so many requests, well formed and not; return how many came to which status."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at import: of a library's own, about others
        import schemathesis  # noqa: PLC0415  a second
        from schemathesis.checks import CHECKS  # noqa: PLC0415
        from schemathesis.generation import GenerationMode  # noqa: PLC0415
        from schemathesis.python.asgi import get_client  # noqa: PLC0415

        app = create_app(deps, settings)
        core = app.state["core"]
        assert isinstance(core, Core)
        schema = schemathesis.openapi.from_dict(openapi())
        schema.app = app
    wanted = [CHECKS.get_one(name) for name in (
        "status_code_conformance", "content_type_conformance", "response_headers_conformance",
        "response_schema_conformance",
    )]  # fmt: skip
    found: Counter[str] = Counter()
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) == len(ROUTES)
    for operation in operations:
        well, ill = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

        @given(case=st.one_of(well, ill))
        @hypothesis.settings(
            max_examples=-(-cases // len(operations)), deadline=None, database=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def one(case: "Case") -> None:
            answer = case.call(base_url=BASE, headers=BEARER, session=client)
            assert answer.status_code < 500 or answer.status_code == SILENT, (case.as_curl_command(), answer.text)
            case.validate_response(answer, checks=wanted)
            found[f"{answer.status_code}"] += 1

        with get_client(app) as client:
            core.close()  # what has just begun to run: streams and long polls end at once
            one()
    return found


def test_what_the_schema_allows_and_forbids_is_answered_as_it_says(deps: Deps, settings: Settings):
    assert sum(ask_at_random(deps, settings, FEW).values()) >= FEW


@pytest.mark.faults
def test_the_same_a_thousand_times(deps: Deps, settings: Settings):
    assert sum(ask_at_random(deps, settings, MANY).values()) >= MANY
