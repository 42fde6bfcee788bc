import pytest
from hypothesis import given
from hypothesis import strategies as st

from portdash.config.durations import LONGEST, parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("500ms", 0.5),
        ("1m", 60),
        ("2h", 7200),
        ("3", 3),
        (7, 7),
        (0.25, 0.25),
        ("1.5s", 1.5),
        (" 2 m ", 120),
    ],
)
def test_durations_are_read_as_seconds(text: object, seconds: float):
    assert parse_duration(text) == pytest.approx(seconds)
    assert isinstance(parse_duration(text), float)


@pytest.mark.parametrize(
    "text",
    ["", "s", "-1s", "0", "0ms", 0, -3, "1d", "1 s s", "1e3", "nan", "inf", float("nan"), float("inf"), True, None, [1],
     "٣s", "8d", "200h", "1" * 400, 10**400, "1_0s", "0x1s", "10S"],
)  # fmt: skip
def test_what_is_no_duration_is_a_value_error(text: object):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.floats(min_value=0.001, max_value=LONGEST))
def test_a_shown_duration_reads_back(seconds: float):
    assert parse_duration(show_duration(seconds)) == pytest.approx(seconds, abs=1e-6)


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_a_value_error(text: str):
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 < seconds <= LONGEST


@pytest.mark.parametrize(
    ("seconds", "text"), [(60.0, "1m"), (0.5, "500ms"), (10.0, "10s"), (3600.0, "1h"), (90.0, "90s")]
)
def test_durations_are_shown_as_people_write_them(seconds: float, text: str):
    assert show_duration(seconds) == text
