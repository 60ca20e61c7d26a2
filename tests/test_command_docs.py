"""What the pages in docs/commands say is what the installed program prints.

Every ```console block of docs/commands/*.md is run, page by page and in order, in a scratch home
with the installed program, and what it prints is compared. Unless the run is long, the program is
forked from an interpreter that has imported it. The rules for a page:

- A line that begins with `$ ` is a command. It runs in bash, so pipes, `cd`, `export` and `echo $?`
  work, and last until the end of the page. A line that ends with a backslash goes on in the next.
- The lines after it are all that it prints, standard output and standard error together, as in a
  terminal of 80 columns without colour. A line `...` stands for any lines.
- The folder of installed packages is shown as `…/site-packages/`.
- The home folder is shown as `/home/you`, and the page begins in `/home/you/project`, both empty.
- These may differ from run to run: times, a day that begins a line, durations, sizes, versions (`1.2.3`), the port after
  `127.0.0.1:` or `localhost:`, and how many spaces align a column.

HTML comments on the lines right above a block say more:

- `<!-- not run: reason -->`: it is not run.
- `<!-- file: NAME -->`: the block, of whatever language, is written to this file first.
- `<!-- with: NAME -->`: from here to the end of the page, with
  `bedrock-emulator`: AWS keys, a region and an emulated Amazon Bedrock that they work for;
  `calling-emulator`: the same, which calls tools and follows schemas;
  `local-model`: the small embedded model, which must be installed (no block needs it by default);
  `llama-server`: a server of OpenAI's API, without a key, at `$LLAMA_URL`.

Nothing but loopback may be asked: there are no keys for anything else.
"""

from difflib import unified_diff
from importlib.util import find_spec
from pathlib import Path

import pytest
from console_pages import PROJECT, Block, Shell, blocks_of, differs
from extensive_tests import partly_extensive
from page_surroundings import WITH, shell_in

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "commands").glob("*.md"))
SHORT = {"batch.md", "models.md", "plugins.md"}
"""The pages that are run by `make test`, too."""


@pytest.fixture
def shell(tmp_path):
    return shell_in(tmp_path)


COMMENTS = {"not run", "file", "with"}


@pytest.mark.parametrize("plugin", ["modelwire_bedrock", "modelwire_local", "modelwire_openai"])
def test_the_plugins_that_the_pages_show_are_installed(plugin):
    assert find_spec(plugin) is not None


@pytest.mark.parametrize(
    "page",
    partly_extensive(
        PAGES,
        lambda page: page.name not in SHORT,
        "each command of a page is a process, and the embedded model answers many of them",
        name=lambda page: page.name,
    ),
)
@pytest.mark.timeout(240)
def test_a_page_shows_what_the_program_prints(page, shell, request):
    wrong = [text for block in blocks_of(page) for text in checked(page, block, shell, request)]
    assert not wrong, "\n\n".join(wrong)


def checked(page: Path, block: Block, shell: Shell, request):
    place = f"{page.relative_to(ROOT)}:{block.line}"
    if block.language in ("console", "json5", "json", "python", ""):
        unknown = set(block.comments) - COMMENTS
        assert not unknown, f"{place}: unknown comment {unknown}"
    for name in block.comments.get("file", ()):
        path = shell.home / PROJECT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(block.text) + "\n")
    for name in block.comments.get("with", ()):
        assert name in WITH, f"{place}: there is no {name!r}; there are {', '.join(WITH)}"
        WITH[name](shell.environ, request)
    if "not run" in block.comments:
        assert all(block.comments["not run"]), f"{place}: say why it is not run"
        return
    for command in block.commands() if block.language == "console" else ():
        printed = shell.run(command.typed)
        if differs(printed, command.output):
            diff = unified_diff(command.output, printed, "the page", "the program", lineterm="")
            yield f"{place}: $ {command.typed}\n" + "\n".join(diff)


def test_blocks_comments_and_commands_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "Words.\n<!-- with: this -->\n<!-- not run: why -->\n\n```console\n$ one \\\n  two\nout\n"
        "$ three\n```\n<!-- lost: here -->\nMore words.\n```json5\n{}\n```\n"
    )
    console, data = blocks_of(page)
    assert console.comments == {"with": ["this"], "not run": ["why"]}
    assert [(c.typed, c.output) for c in console.commands()] == [
        ("one \\\n  two", ("out",)),
        ("three", ()),
    ]
    assert (data.language, data.comments, data.line) == ("json5", {}, 13)


def test_a_shell_keeps_its_folder_variables_and_status(shell):
    shell.run("export NAME=value; mkdir deeper; cd deeper; false")
    assert shell.run("echo $? $NAME; pwd; echo oops >&2") == [
        "1 value",
        "/home/you/project/deeper",
        "oops",
    ]


@pytest.mark.parametrize(
    ("printed", "page", "same"),
    [
        ("a\nb", "a\nb", True),
        ("a\nb", "a", False),
        ("a", "a\nb", False),
        ("a\nx\ny\nb", "a\n...\nb", True),
        ("took 1.2 s", "took 17 s", True),
        ("at 2026-01-02 10:00 UTC", "at 2027-11-12 11:59 CET", True),
        ("2026-01-02 a/m 2", "2027-11-12 a/m 2", True),
        ("a/m-2026-01-02 2", "a/m-2027-11-12 2", False),
        ("since 2026-01-02", "since 2027-11-12", False),
        ("modelwire 0.1.0", "modelwire 0.12.3", True),
        ("model-v1.0", "model-v2.0", False),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:99/v1", True),
        ("http://127.0.0.2:8080/v1", "http://127.0.0.2:99/v1", False),
        ("name  yes", "name      yes", True),
        ("name yes", "name no", False),
    ],
)
def test_only_what_varies_may_differ(printed, page, same):
    assert differs(printed.split("\n"), tuple(page.split("\n"))) is not same
