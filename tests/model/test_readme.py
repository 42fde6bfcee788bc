import re
import subprocess
import sys
from pathlib import Path

import pytest

from portdash.cli.table import COMMANDS
from portdash.dashboard.key_table import with_table
from portdash.testing import TestInstance

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (TOP / link).exists()] == []


def test_it_opens_with_a_picture_and_exactly_two_commands():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert blocks == ["python -m pip install . && portdash\n", "python -m pip install -e '.[test]' && pytest\n"]
    assert README.index("![") < README.index(blocks[0])


def test_its_python_runs(home: Path, monkeypatch: pytest.MonkeyPatch):
    code, clients = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (home / "shop" / ".git").mkdir(parents=True)
    monkeypatch.chdir(home / "shop")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert re.match(r"[0-9]+ (preferred|fallback) http://localhost:[0-9]+\n", done.stdout)
    with TestInstance() as server:
        monkeypatch.setenv("PORTDASH_URL_API", server.url)
        done = subprocess.run([sys.executable, "-c", clients], capture_output=True, text=True, timeout=60, check=True)
        assert "'path': '/users'" in done.stdout
        assert server.requests == 2


def test_every_command_it_names_exists():
    named = set(re.findall(r"portdash ([a-z]+)", README)) - {"shows", "knows", "runs", "and", "then"}
    assert named <= set(COMMANDS)


def test_its_table_of_keys_is_the_one_of_the_declarations():
    assert with_table(README) == README, "python -m portdash.dashboard.key_table"


def test_every_command_is_in_the_changelog_or_an_alias():
    changes = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [name for name, entry in COMMANDS.items() if entry.alias_of is None and f"`{name}`" not in changes] == []
