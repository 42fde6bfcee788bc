"""The environment and the written files, held against the store."""

from collections.abc import Sequence

import pytest
from export_rows import CLASSIC, row

from portdash.errors import Refused
from portdash.exports.block import with_block
from portdash.exports.comparing import Freshness, Standing, compare_environment, compare_text
from portdash.exports.formats import STYLES, ExportFormat, export_lines, render
from portdash.exports.variables import Variable, all_variables

NOW = all_variables(CLASSIC, base_port=4000, next_port=4007)
ENVIRONMENT = {each.name: each.value for each in NOW}


def standings(environ: dict[str, str]) -> dict[str, Standing]:
    return {each.name: each.standing for each in compare_environment(NOW, environ)}


def test_what_was_sourced_is_the_same_and_the_echo_is_not_shown():
    assert set(standings(ENVIRONMENT).values()) == {Standing.SAME}
    assert "PORTDASH_EXPORTED" not in standings(ENVIRONMENT)


def test_what_differs_is_not_set_or_is_gone():
    found = standings(
        {**ENVIRONMENT, "MONGO_PORT": "27017", "PORTDASH_EXPORTED": "OLD_PORT=1,WEB_PORT=2", "OLD_PORT": "1"}
    )
    assert found["MONGO_PORT"] is Standing.DIFFERS
    assert found["OLD_PORT"] is Standing.GONE
    assert "WEB_PORT" not in found  # taken out of the environment since
    assert set(standings({}).values()) == {Standing.UNSET}


def test_next_port_is_not_judged():
    assert [each.name for each in compare_environment(NOW, ENVIRONMENT) if not each.counts] == ["NEXT_PORT"]


@pytest.mark.parametrize("form", ExportFormat)
def test_a_file_is_current_until_a_port_changes(form: ExportFormat):
    def written(variables: Sequence[Variable]) -> str:
        if form is ExportFormat.JSON:
            return render(variables, form)
        return with_block("x\n", export_lines(variables, form), comment=STYLES[form].comment, name="f")

    text = written(NOW)
    later = all_variables(CLASSIC, base_port=4000, next_port=4017)
    moved = all_variables((*CLASSIC[1:], row("http-server", 4100)), base_port=4000, next_port=4007)
    assert compare_text(text, NOW, form, name="f") is Freshness.CURRENT
    assert compare_text(text, later, form, name="f") is Freshness.CURRENT
    assert compare_text(text, moved, form, name="f") is Freshness.OLDER
    assert compare_text("", NOW, form, name="f") is Freshness.OLDER


def test_a_broken_file_is_said():
    with pytest.raises(Refused, match="line 1"):
        compare_text("# >>> portdash >>>", NOW, ExportFormat.DOTENV, name=".env")
    for text in ("[1]", '{"a": 1}', "nonsense", "[" * 100_000):
        assert compare_text(text, NOW, ExportFormat.JSON, name="f.json") is Freshness.OLDER
