"""`modelwire completion`, and the answers to a shell that completes a word."""

from __future__ import annotations

import contextlib
import os
import sys

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

__all__ = ["VARIABLE", "answer_shell", "completion"]

VARIABLE = "_MODELWIRE_COMPLETE"
"""The variable in which a shell says what it wants; click makes it of the program's name."""

# Bash ends a word at a colon and at an equals sign, and model ids are full of colons. So the whole
# line is handed over, and what stands before the last of these signs is taken off the answers.
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' kind value breaks=""
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=":"
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+="="
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_BREAKS="$breaks" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    """Completion for bash that takes words with colons as one."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)
        if not words or line[-1:].isspace():
            return words[1:], ""
        return words[1:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        _, word = self.get_completion_args()
        begun = word
        for sign in os.environ.get("COMP_BREAKS", ""):
            begun = begun.rpartition(sign)[2] if sign in begun else begun
        before = word[: len(word) - len(begun)]
        if word.startswith("-") and "=" in word:
            before = before.partition("=")[2]  # click answers with the option's value alone
        value = item.value
        return f"{item.type},{value.removeprefix(before)}"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script by which a shell completes modelwire's commands.

    It completes commands and options, and also models, aliases and providers, as far as they are
    configured or were listed before.

    \b
    eval "$(modelwire completion bash)"       # in ~/.bashrc; bash 4.4 or newer
    eval "$(modelwire completion zsh)"        # in ~/.zshrc, after compinit
    modelwire completion fish > ~/.config/fish/completions/modelwire.fish
    """  # noqa: D301 - \b keeps click from joining the lines
    from click.shell_completion import get_completion_class

    add_completion_class(_Bash)
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    click.echo(kind(click.Command("modelwire"), {}, "modelwire", VARIABLE).source(), nl=False)


def answer_shell(app: click.Command) -> int:
    """Tell a shell what a word can be completed to; return the exit status.

    Whatever goes wrong, nothing but an answer is printed: the user is in the middle of a line.
    """
    add_completion_class(_Bash)
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123 - the name of no path
        contextlib.redirect_stderr(nowhere),
    ):
        try:
            return shell_complete(app, {}, "modelwire", VARIABLE, os.environ[VARIABLE])
        except (Exception, SystemExit, KeyboardInterrupt):  # noqa: BLE001 - as promised above
            return 1
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
