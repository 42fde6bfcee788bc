"""Which commands there are, and in which module each is defined. Help is printed from here; no command is imported."""

from portdash.named_tuple import NamedTuple


class Entry(NamedTuple):
    """One command: `portdash.cli.commands.MODULE` has it as `command`. No dataclass: `get` would pay for making it."""

    module: str
    help: str
    """The line `portdash --help` shows; the command's own help begins with it."""
    alias_of: str | None = None


COMMANDS = {
    "status": Entry("status", "Show the services of this workspace, their ports and who holds them."),
    "ls": Entry("ls", "List every listener of this machine with the service it belongs to."),
    "allocate": Entry("allocate", "Give services a port; one that has a usable port keeps it."),
    "alloc": Entry("allocate", "Short for allocate.", alias_of="allocate"),
    "get": Entry("get", "Print the port of a service."),
    "release": Entry("release", "Give the port of a service back."),
    "move": Entry("move", "Move a service to another port."),
    "adopt": Entry("adopt", "Make a listener a service of the project it runs in."),
    "suggest": Entry("suggest", "Show which ports a service would get, and why."),
    "add": Entry("add", "Declare a service in the project's portdash.toml."),
    "run": Entry("run", "Run a command on the port of its service, and see that it listens there."),
    "up": Entry("up", "Start the services that have a command, each behind what it depends on."),
    "stop": Entry("stop", "End services that portdash runs."),
    "restart": Entry("restart", "Start services that portdash runs again, on the ports they have."),
    "logs": Entry("logs", "Print what services that were run have printed; without a NAME, all of this workspace."),
    "check": Entry("check", "Say whether a port is free, and who has it if not."),
    "who": Entry("who", "Show who holds a port."),
    "free": Entry("free", "End who holds a port, and prove it free."),
    "conflicts": Entry("conflicts", "List where intent and reality disagree, in every workspace of this machine."),
    "health": Entry("health", "Ask services how they are, and say what the answer rests on."),
    "discover": Entry("discover", "Print the URL of the healthiest instance of a service."),
    "metrics": Entry("metrics", "Measure services: how soon they are found, how soon they answer, and how often."),
    "resolve": Entry("resolve", "Show the way out of conflicts, and take it."),
    "verify": Entry("verify", "Say for every service with a port whether its own server answers there."),
    "ranges": Entry("ranges", "Show the ranges of ports by type, and how full they are."),
    "undo": Entry("undo", "Take back the last change that was made from this workspace."),
    "history": Entry("history", "Show who changed what, when and why."),
    "prune": Entry("prune", "Give back the ports of workspaces that are gone, and end what runs have left behind."),
    "reset": Entry("reset", "Give back every port of this workspace; a backup is kept."),
    "init": Entry("init", "Declare a starter set of services, give them ports, and write the env files."),
    "export": Entry("export", "Write this workspace's ports as environment variables."),
    "env": Entry("env", "Hold the environment and the written files against the store."),
    "url": Entry("url", "Print the URL of a service."),
    "compose": Entry("compose", "Check the ports of compose files."),
    "scan": Entry("scan", "Find hard-coded ports in a directory or file, and hold them against the assignments."),
    "snippet": Entry("snippet", "Print ready-made lines with the ports of this workspace."),
    "report": Entry("report", "Write the summary report."),
    "serve": Entry("serve", "Serve the HTTP API, to this user on this machine alone."),
    "token": Entry("token", "Look after the token of the HTTP API: rotate, path."),
    "doctor": Entry("doctor", "Examine the store, the configuration, the ports and the machine, and say what to do."),
    "config": Entry("config", "Show and check the configuration."),
    "store": Entry("store", "Look after the store: info, repair, import, export."),
    "trust": Entry("trust", "Let this project's file set what a stranger's may not."),
    "completion": Entry("completion", "Print the completion script of a shell."),
}
