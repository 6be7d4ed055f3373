"""`facetex`: the commands by name; each is loaded when it is called, so that help comes at once."""

import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import click

from facetex_cli.others import others

COMMANDS = {
    "run": "Make a 3D head from each photo, or one from all photos of a person.",
    "compare": "Run photos through every combination of plugins, side by side.",
    "cache": "Show or clear the cached results of a comparison.",
    "render": "Render a finished head: views and turntables, under any light.",
    "eval": "Measure errors against ground truth.",
    "study": "Make a user study (which of two pictures?) and evaluate its answers.",
    "bank": "Build, inspect and merge banks of portraits.",
    "plugins": "List the plugins of every stage; show, check or create one.",
    "install": "Install a plugin's package into the environment that facetex runs in.",
    "doctor": "Check whether this machine has what facetex needs.",
    "zoo": "Manage the models: list, fetch, add, verify.",
}
"""Each is `command` in the module of its name."""

INTERRUPTED = 130
TERMINATED = 143
"""128 + the signal's number, as shells count."""


class LazyGroup(click.Group):
    """Commands that are imported when asked for: those of the table above, then those of other distributions."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The commands in the order of the table above, and the others by name."""
        return [*COMMANDS, *others(COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name, or none."""
        if cmd_name not in COMMANDS:
            found = others(COMMANDS).get(cmd_name)
            return found.load() if found else None
        command: click.Command = import_module(f"facetex_cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table above and what others say of theirs, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        more = [(name, other.about) for name, other in others(COMMANDS).items()]
        if more:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(more)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; an unknown command is answered with those that exist."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from facetex_core.errors import did_you_mean

            raise click.UsageError(f"no command {args[0]!r}; {did_you_mean(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; what it warns of is shown line by line."""
        from facetex_cli.error_lines import say_warning
        from facetex_core.listeners import listening

        with listening(say_warning):
            return super().invoke(ctx)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="facetex", message="facetex %(version)s")
def facetex() -> None:
    """One photo of a face in; a whole, shading-free skin texture and a riggable head out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; what a user can mend is one line, a bug keeps its traceback."""
    try:
        with _own_environment():
            code = facetex.main(arguments, prog_name="facetex", standalone_mode=False)
            return code if isinstance(code, int) else 0
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        return 2
    except Exception as error:
        from facetex_cli.error_lines import answer, exit_code

        line = answer(error)
        if line is None:
            raise
        click.echo(f"error: {line}", err=True)
        return exit_code(error)


def console() -> int:
    """`main` in a process of its own, with all that is set once for a process: signals, and where Python's warnings go."""
    signal.signal(signal.SIGTERM, _leave)
    hear_python()
    return main()


def hear_python() -> None:
    """What packages and plugins say by `warnings.warn`, anywhere in this process, is heard as what facetex says."""
    warnings.simplefilter("always", UserWarning)
    warnings.filterwarnings("ignore", module="PIL")  # remarks on damaged files; what matters is an error
    warnings.showwarning = _pass_on  # type: ignore[assignment]  # the rest of its arguments is where, in the code


@contextmanager
def _own_environment() -> Iterator[None]:
    """What --plugin and --no-plugin leave in the environment ends with the call."""
    before = {name: value for name, value in os.environ.items() if name.startswith("FACETEX_")}
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("FACETEX_") and name not in before]:
            del os.environ[name]
        os.environ.update(before)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # the signal module's signature
    """A polite kill unwinds the stack, so that half-made files are removed."""
    sys.exit(TERMINATED)


def _pass_on(message: Warning | str, *_: object) -> None:
    from facetex_core.listeners import warn

    warn(str(message))
