"""The code in the guides and in the README is run, or read as what it is.

- ```python blocks of a page run one after the other in one program, in which `await` may stand at the
  top; a block with tests is run by pytest.
- ```json5 blocks with sections of the configuration are loaded as one, and must be valid; above one
  that is shown because it is refused stands `<!-- refused -->`.
- ```toml, ```json and other ```json5 blocks are parsed.

The comments `<!-- not run: reason -->` and `<!-- with: NAME -->` mean what they mean in
`test_command_docs.py`. The pages of commands are tested there.
"""

import os
import sys
from pathlib import Path

import pytest
from code_pages import check_format, check_json5, run_python
from console_pages import Block, blocks_of
from llama_server import llama_address

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture
def environ(tmp_path):
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONWARNINGS": "error",
    }


def with_local_model(_environ):
    embedded = pytest.importorskip("modelwire_local.embedded")
    if embedded.find_weights() is None:
        pytest.skip("the weights are not installed: modelwire local install")


def with_openai_server(environ):
    environ |= {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": llama_address()}


WITH = {"local-model": with_local_model, "openai-server": with_openai_server}


def runs(block: Block) -> bool:
    return "not run" not in block.comments


def blocks_in(page: Path, *languages: str) -> list[Block]:
    return [block for block in blocks_of(page) if block.language in languages and runs(block)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.timeout(240)
def test_the_python_of_a_page_runs(page, tmp_path, environ):
    blocks = blocks_in(page, "python")
    if not blocks:
        pytest.skip("the page has none")
    for name in {name for block in blocks for name in block.comments.get("with", ())}:
        WITH[name](environ)
    wrong = run_python(["\n".join(block.text) for block in blocks], tmp_path, environ)
    assert wrong is None, f"{page.name}: {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_data_of_a_page_is_what_it_says(page, environ):
    for block in blocks_in(page, "json5", "json", "toml"):
        text = "\n".join(block.text)
        if block.language == "json5":
            wrong = check_json5(text, environ, refused="refused" in block.comments)
        else:
            wrong = check_format(block.language, text)
        assert wrong is None, f"{page.name}:{block.line}: {wrong}"


def test_every_reason_for_not_running_is_given():
    for page in PAGES:
        for block in blocks_of(page):
            assert all(block.comments.get("not run", ["-"])), f"{page.name}:{block.line}"
