"""Shell completion: `modelwire completion`, and the candidates for a word."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

from modelwire.cli.output import echo
from modelwire.errors import ModelwireError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from modelwire.config import Config

__all__ = [
    "VARIABLE",
    "answer_shell",
    "complete_alias",
    "complete_config_path",
    "complete_provider",
    "complete_reference",
    "completion",
]

VARIABLE = "_MODELWIRE_COMPLETE"
"""The variable in which a shell states its request; click derives it from the program's name."""

# Bash ends a word at a colon and at an equals sign, and model ids are full of colons. So the whole
# line is handed over, and the part before the last of these signs is cut off the answers.
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

    It completes commands and options, and also models, aliases and providers that are configured or
    were listed before.

    \b
    eval "$(modelwire completion bash)"       # in ~/.bashrc; bash 4.4 or newer
    eval "$(modelwire completion zsh)"        # in ~/.zshrc, after compinit
    modelwire completion fish > ~/.config/fish/completions/modelwire.fish
    """  # noqa: D301 - \b keeps click from joining the lines
    from click.shell_completion import get_completion_class

    add_completion_class(_Bash)
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    echo(kind(click.Command("modelwire"), {}, "modelwire", VARIABLE).source(), nl=False)


def answer_shell(app: click.Command) -> int:
    """Tell a shell what a word can be completed to; return the exit status.

    Whatever goes wrong, nothing but an answer is printed: the user is in the middle of a line. What
    could control a terminal is escaped, as the shell may show what it gets.
    """
    add_completion_class(_Bash)
    answer = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with (
        warnings.catch_warnings(action="ignore"),
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123 - the name of no path
        contextlib.redirect_stderr(nowhere),
    ):
        try:
            with contextlib.redirect_stdout(answer):
                status = shell_complete(app, {}, "modelwire", VARIABLE, os.environ[VARIABLE])
            answer.seek(0)
            echo(answer.read(), nl=False)
        except (Exception, SystemExit, KeyboardInterrupt):  # noqa: BLE001 - as promised above
            return 1
        return status


def complete_reference(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the user's aliases, and every model that is configured or was listed before."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    if config is None:
        return []
    aliases = [CompletionItem(alias, help=ref) for alias, ref in config.aliases().items()]
    written, slash, _ = incomplete.partition("/")
    names = _provider_names()
    provider = names.get(written.lower(), written.lower())
    models = [
        # As it was begun: what is typed already must not change under the user's hands.
        CompletionItem(f"{written if slash and owner == provider else owner}/{model}")
        for owner, model in dict.fromkeys(_models(config))
    ]
    return [item for item in (*aliases, *models) if item.value.startswith(incomplete)]


def complete_alias(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the user's aliases."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    aliases = config.aliases() if config is not None else {}
    return [
        CompletionItem(alias, help=ref)
        for alias, ref in aliases.items()
        if alias.startswith(incomplete.casefold())
    ]


def complete_provider(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the providers that are installed or configured."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    configured = config.models.providers if config is not None else ()
    names = sorted({*_provider_names().values(), *configured})
    return [CompletionItem(name) for name in names if name.startswith(incomplete.lower())]


def complete_config_path(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the paths that the configuration file has, level by level."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    paths = _paths(config.authored) if config is not None else ()
    return [CompletionItem(path) for path in _next_level(paths, incomplete)]


def _config(ctx: click.Context) -> Config | None:
    from modelwire.config import load_config

    try:
        return load_config(ctx.params.get("config_path"))
    except ModelwireError:
        return None


def _models(config: Config) -> Iterator[tuple[str, str]]:
    from modelwire.catalog.cache import default_cache_directory, listed_names
    from modelwire.models import ModelRef
    from modelwire.registry.claims import installed_claims

    for name, provider in config.models.providers.items():
        yield from ((name, model.id) for model in provider.models)
    defaults = [claim.name for claim in installed_claims() if claim.kind == "defaults"]
    for text in (*config.agents.defaults.models, *defaults):
        ref = ModelRef.parse(text)
        if ref is not None and not ref.model.endswith("*"):
            yield ref.provider, ref.model
    yield from listed_names(default_cache_directory(config.environ))


def _provider_names() -> Mapping[str, str]:
    """The ids and aliases of installed providers, each with the id."""
    from modelwire.registry.claims import installed_claims, normalize_name

    claims = installed_claims()
    names = {claim.name: claim.name for claim in claims if claim.kind == "providers"}
    ids = {normalize_name(name): name for name in names}
    aliases = {
        c.name: ids[normalize_name(c.value)]
        for c in claims
        if c.kind == "aliases" and normalize_name(c.value) in ids
    }
    return {**aliases, **names}


def _paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[str]:
    from modelwire.document import format_path

    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, item in items:
        yield format_path((*above, step))
        yield from _paths(item, (*above, step))


def _next_level(paths: Iterable[str], incomplete: str) -> list[str]:
    """The paths that begin with the typed text; where there is only one, those below it."""
    begun = [path for path in paths if path.startswith(incomplete)]
    found = _one_step_from(begun, incomplete)
    if len(found) == 1:
        # Alone, it would be taken for the whole word, although it may continue.
        found += [path for path in _one_step_from(begun, found[0]) if path != found[0]]
    return found


def _one_step_from(paths: Iterable[str], start: str) -> list[str]:
    return [
        path
        for path in paths
        if path.startswith(start) and not any(c in ".[" for c in path[len(start) :].lstrip(".["))
    ]
