"""`portdash completion SHELL`."""

import click
from click.shell_completion import get_completion_class

from portdash.cli.guard import COMPLETE
from portdash.cli.output import emit_lines
from portdash.errors import UsageError

HOW = {
    "bash": 'eval "$(portdash completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(portdash completion zsh)"   # in ~/.zshrc',
    "fish": "portdash completion fish | source   # in ~/.config/fish/config.fish",
}
"""The line that switches it on, a shell each."""


@click.command("completion", epilog="\b\n" + "\n".join(HOW.values()))
@click.argument("shell", type=click.Choice(list(HOW)))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print the completion script of a shell."""
    complete = get_completion_class(shell)
    if complete is None:
        raise UsageError(f"there is no completion for {shell}")
    script = complete(ctx.find_root().command, {}, "portdash", COMPLETE)
    emit_lines((script.source_template % script.source_vars()).splitlines())
