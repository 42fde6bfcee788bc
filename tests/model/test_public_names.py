import subprocess
import sys

import portdash
from portdash import errors


def test_every_public_name_can_be_had_and_nothing_else():
    for name in portdash.__all__:
        assert getattr(portdash, name) is not None, name
    assert sorted(portdash.__all__) == sorted(dir(portdash))


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(portdash, "nosuch")


def test_the_package_of_the_configuration_can_be_called():
    code = (
        "import portdash\n"
        "first = portdash.config\n"
        "from portdash.config.loading import load\n"
        "assert first is portdash.config\n"
        "portdash.allocate('web-server', base=25000)\n"
        "assert portdash.config().WEB_SERVER_PORT == portdash.get_port('web-server')\n"
        "print(type(portdash.config()).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("Variables\n", "")


def test_importing_portdash_loads_nothing_else():
    code = "import sys, portdash; print(*(m for m in sys.modules if m.startswith('portdash.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_error_has_a_code_of_its_own_a_hint_and_an_exit_code():
    found = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.PortdashError)
    ]
    codes = [each.code for each in found]
    assert len(set(codes)) == len(codes)
    for each in found:
        assert each("x").hint
        assert each.exit_code in errors.ExitCode
