from pathlib import Path

import pytest
from cli_harness import Portdash

from portdash.errors import ExitCode

UNTRUSTED = '[services.web]\npreferred = [3000]\ncommand = ["npm", "run", "dev"]\n'


@pytest.fixture
def file(project: Path) -> Path:
    path = project / "portdash.toml"
    path.write_text(UNTRUSTED)
    return path


def test_a_project_is_trusted_as_its_file_is_now(portdash: Portdash, file: Path):
    assert "portdash trust" in portdash("config", "check").err
    refused = portdash("trust")
    assert refused.code == ExitCode.REFUSED
    assert "--yes" in refused.err
    assert portdash("trust", "--yes").code == ExitCode.YES
    assert "portdash trust" not in portdash("config", "check").err
    assert "already" in portdash("trust", "--yes").err
    file.write_text(UNTRUSTED + 'purpose = "x"\n')
    assert "portdash trust" in portdash("config", "check").err


@pytest.mark.usefixtures("project")
def test_where_there_is_no_file_it_says_so(portdash: Portdash):
    assert portdash("trust", "--yes").code == ExitCode.NO_SUCH_SERVICE


@pytest.mark.usefixtures("file")
def test_read_only_trusts_nothing(portdash: Portdash):
    assert portdash("--read-only", "trust", "--yes").code == ExitCode.REFUSED
    assert "portdash trust" in portdash("config", "check").err
