"""The code in the guides and in the READMEs is run, or read as what it is.

- ```python blocks of a page run one after the other in one program, in which `await` may stand at the
  top; a block with tests is run by pytest.
- ```json5 blocks with sections of the configuration are loaded as one, and must be valid; above one
  that is shown because it is refused stands `<!-- refused -->`.
- ```console blocks run in bash, as on the pages of commands. A command that is shown with its output
  prints just that; one without has to succeed. `pip install` is not run.
- ```toml, ```json and other ```json5 blocks are parsed.

The comments `<!-- not run: reason -->` and `<!-- with: NAME -->` mean what they mean in
`test_command_docs.py`. The pages of commands are tested there.
"""

from difflib import unified_diff
from pathlib import Path

import pytest
from code_pages import check_format, check_json5, run_python
from console_pages import PROJECT, Block, Shell, blocks_of, differs
from extensive_tests import partly_extensive
from page_surroundings import WITH, shell_in

ROOT = Path(__file__).parent.parent
READMES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("core/README.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
    *sorted(ROOT.glob("integrations/*/README.md")),
]
DOCS = ROOT / "docs"
PAGES = [*READMES, *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("integrations/*.md"))]


def place(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


LONG = {
    *("docs/agent.md", "docs/getting-started.md", "docs/local-models.md", "docs/tools.md"),
    *("docs/recordings.md", "plugins/cache/README.md"),
}
"""The pages on which the embedded model answers many times, or pytest runs."""

PROGRAMS = partly_extensive(
    PAGES,
    lambda page: place(page) in LONG or "integrations" in page.parts,
    "the embedded model answers, pytest runs, or a framework is imported",
    name=place,
)


@pytest.fixture
def shell(tmp_path):
    return shell_in(tmp_path)


def runs(block: Block) -> bool:
    return "not run" not in block.comments


def blocks_in(page: Path, *languages: str) -> list[Block]:
    return [block for block in blocks_of(page) if block.language in languages and runs(block)]


@pytest.mark.parametrize("page", PROGRAMS)
@pytest.mark.timeout(240)
def test_the_python_of_a_page_runs(page, shell, request):
    blocks = blocks_in(page, "python")
    if not blocks:
        pytest.skip("the page has none")
    for name in {name for block in blocks for name in block.comments.get("with", ())}:
        WITH[name](shell.environ, request)
    texts = ["\n".join(block.text) for block in blocks]
    wrong = run_python(texts, shell.home / PROJECT, shell.environ)
    assert wrong is None, f"{place(page)}: {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_the_data_of_a_page_is_what_it_says(page):
    for block in blocks_in(page, "json5", "json", "toml"):
        text = "\n".join(block.text)
        if block.language == "json5":
            wrong = check_json5(text, refused="refused" in block.comments)
        else:
            wrong = check_format(block.language, text)
        assert wrong is None, f"{place(page)}:{block.line}: {wrong}"


@pytest.mark.parametrize("page", PROGRAMS)
@pytest.mark.timeout(240)
def test_the_commands_of_a_page_do_what_it_says(page, shell, request):
    blocks = blocks_in(page, "console")
    if not blocks:
        pytest.skip("the page has none")
    wrong = []
    for block in blocks:
        for name in block.comments.get("with", ()):
            WITH[name](shell.environ, request)
        wrong += [f"{place(page)}:{block.line}: {text}" for text in failures(block, shell)]
    assert not wrong, "\n\n".join(wrong)


def failures(block: Block, shell: Shell):
    for command in block.commands():
        if command.typed.startswith("pip install"):
            continue
        printed = shell.run(command.typed)
        if command.output and differs(printed, command.output):
            diff = unified_diff(command.output, printed, "the page", "the program", lineterm="")
            yield f"$ {command.typed}\n" + "\n".join(diff)
        elif not command.output and shell.status != 0:
            yield f"$ {command.typed}\nexit status {shell.status}\n" + "\n".join(printed)


def test_every_reason_for_not_running_is_given():
    for page in PAGES:
        for block in blocks_of(page):
            assert all(block.comments.get("not run", ["-"])), f"{place(page)}:{block.line}"
