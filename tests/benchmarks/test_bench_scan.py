"""What it costs to look for hard-coded ports: beside reading the files, and on lines made to be expensive."""

import statistics
from pathlib import Path

import pytest
from timing import cpu_seconds, report

from portdash.exports.literals.finding import find_literals
from portdash.exports.literals.forms import Form
from portdash.machine.source_files import SourceFiles

pytestmark = pytest.mark.benchmark

SOURCE = Path(__file__).parents[2] / "portdash"
ROUNDS = 7


def test_looking_against_reading():
    def read() -> list[str]:
        return [
            each.text
            for each in SourceFiles(str(SOURCE), wanted=lambda path: path.endswith(".py"), skips=lambda _: False)
        ]

    texts = read()

    def look() -> int:
        return sum(1 for text in texts for _ in find_literals(text, Form.PYTHON))

    look()
    reading = statistics.median(cpu_seconds(read) for _ in range(ROUNDS))
    looking = statistics.median(cpu_seconds(look) for _ in range(ROUNDS))
    size = sum(map(len, texts)) / 1e6
    report("looking for ports against reading the files", looking / reading, 15, f"{size / looking:.0f} MB/s")


@pytest.mark.parametrize(
    "piece",
    [
        "port",
        "Port",
        "port.",
        "listen(",
        "localhost:",
        "a://",
        "env(",
        '"port", ',
        "next -p",
        "[",
        "${port",
        "- ",
        "x=([",
    ],
)
@pytest.mark.parametrize("form", [Form.PYTHON, Form.JAVASCRIPT, Form.COMPOSE, Form.SHELL, Form.RUST])
def test_a_hostile_line_of_twice_the_length(piece: str, form: Form):
    short, long = ((piece * 2000)[:length] + " 8080" for length in (900, 1800))
    costs = {
        line: statistics.median(cpu_seconds(lambda line=line: list(find_literals(line, form))) for _ in range(ROUNDS))
        for line in (short, long)
    }
    report(f"twice as long a line of {piece!r} in {form}", costs[long] / costs[short], 3.5)
