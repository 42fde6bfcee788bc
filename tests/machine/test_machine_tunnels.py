"""What tunnels forward, by the command lines that people type."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portdash.machine.tunnels import Forward, forwards, tunnel_text


@pytest.mark.parametrize(
    ("line", "port", "text"),
    [
        ("ssh -L 5432:db:5432 bastion", 5432, "ssh -L 5432:db:5432"),
        ("ssh -fNL 5432:db:5432 me@bastion", 5432, "ssh -L 5432:db:5432"),
        ("ssh -N -L5432:db:5432 bastion", 5432, "ssh -L 5432:db:5432"),
        ("ssh -p 2222 -i key -L 127.0.0.1:15432:db:5432 -L 6379:cache:6379 b", 6379, "ssh -L 6379:cache:6379"),
        ("ssh -p 2222 -i key -L 127.0.0.1:15432:db:5432 -L 6379:cache:6379 b", 15432, "ssh -L 127.0.0.1:15432:db:5432"),
        ("ssh bastion -L 5432:[fd00::1]:5432", 5432, "ssh -L 5432:[fd00::1]:5432"),
        ("ssh -L [::1]:5432:[fd00::1]:5433 b", 5432, "ssh -L [::1]:5432:[fd00::1]:5433"),
        ("ssh -D 1080 b", 1080, "ssh -D 1080"),
        ("ssh -D localhost:1080 b", 1080, "ssh -D localhost:1080"),
        ("ssh -o ExitOnForwardFailure=yes -oLocalForward=5432:db:5432 b", 5432, "ssh -L 5432:db:5432"),
        ("autossh -M 0 -N -L 5432:db:5432 b", 5432, "ssh -L 5432:db:5432"),
        ("/usr/bin/ssh -N bastion", 5432, "ssh to bastion"),
        ("ssh -N -L 5432:db:5432 bastion", 9999, "ssh to bastion"),
        ("ssh b curl -L 80:x:80", 80, "ssh to b"),
        ("ssh", 80, "ssh"),
        ("/usr/sbin/sshd -D", 22, None),
        ("kubectl port-forward svc/db 5432:5432", 5432, "kubectl port-forward svc/db:5432"),
        ("kubectl -n shop port-forward pod/web-0 8080:80 9090", 9090, "kubectl port-forward pod/web-0:9090"),
        ("kubectl port-forward -n shop deploy/web :80", 40123, "kubectl port-forward deploy/web:80"),
        ("kubectl proxy --port 8001", 8001, "kubectl proxy"),
        ("kubectl get pods -w", 8001, None),
        ("node server.js -L 3000:x:3000", 3000, None),
    ],
)
def test_what_is_forwarded(line: str, port: int, text: str | None):
    assert tunnel_text(None, line.split(), port) == text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("sshd: root", "ssh -R"),
        ("sshd: me@pts/0", "ssh -R"),
        ("sshd-session: me@notty", "ssh -R"),
        ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", None),
        ("sshd", None),
    ],
)
def test_what_listens_for_a_client_elsewhere_is_a_remote_forward(title: str, text: str | None):
    assert tunnel_text("sshd", (title,), 9000) == text


def test_hidden_arguments_say_nothing():
    assert tunnel_text("node", None, 80) is None
    assert tunnel_text("ssh", None, 80) == "ssh"
    assert tunnel_text(None, (), 80) is None


def test_what_is_far_too_long_is_cut():
    assert len(tunnel_text("ssh", ("ssh", "-L", f"80:{'x' * 5000}:80", "b"), 80) or "") < 100


def test_a_remote_forward_is_not_a_listener_here_and_a_socket_has_no_port():
    assert list(forwards(("-R", "8080:localhost:80", "b"))) == [Forward("R", "8080:localhost:80")]
    assert Forward("L", "/tmp/a.sock:/tmp/b.sock").port is None
    assert Forward("L", "99999999999:a:1").port is None
    assert Forward("D", "²").port is None


@settings(deadline=None)
@given(st.lists(st.text(max_size=20) | st.sampled_from(["-L", "-D", "-o", "1:b:2", "-fNL", "host"]), max_size=12))
def test_whatever_stands_there_it_can_be_read(words: list[str]):
    for program in ("ssh", "kubectl", "autossh", "sshd"):
        tunnel_text(program, (program, *words), 80)
