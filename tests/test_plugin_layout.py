"""Every plugin has the same files for the same jobs, and its README lists what it has beyond them."""

import re
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "core" / "src" / "modelwire" / "cli" / "plugin" / "template"

COMMON = {
    "plugin.py", "settings.py", "account.py", "credentials.py", "auth.py", "client.py", "models.py",
    "models/", "discovery.py", "discovery/", "describe.py", "errors.py", "error_rules.py",
    "setup_guide.py", "testing.py", "commands.py",
}  # fmt: skip
"""At the top of a plugin."""

COMMON_OF_AN_API = {
    "completion.py", "request.py", "history.py", "user.py", "assistant.py", "rendering.py",
    "media.py", "tools.py", "thinking.py", "sampling.py", "caching.py", "structured.py", "stream.py",
    "outcome.py", "extras.py",
}  # fmt: skip
"""In the folder of a wire API."""

NEEDED_FOR_AN_API = {"completion.py", "request.py", "stream.py"}

SECTION = re.compile(r"^## Source files\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (`.*?`) \| (.+) \|$", re.MULTILINE)


@frozen
class Plugin:
    """A plugin's README, and its package."""

    home: Path
    package: Path

    def __str__(self) -> str:
        return self.home.name

    @property
    def listed(self):
        """What the README lists, with the reason."""
        section = SECTION.search((self.home / "README.md").read_text("utf-8"))
        assert section is not None, f"{self}: README.md has no section 'Source files'"
        prefix = f"src/{self.package.name}/"
        return {
            name.removeprefix(prefix): reason
            for names, reason in ROW.findall(section[1])
            for name in re.findall(r"`([^`]+)`", names)
        }

    @property
    def apis(self):
        """The folders of wire APIs."""
        return [folder for folder in self.folders() if (folder / "completion.py").exists()]

    def folders(self):
        return [path.parent for path in self.package.glob("*/__init__.py")]

    def top(self):
        return {f"{folder.name}/" for folder in self.folders()} | modules(self.package)


def modules(folder):
    return {path.name for path in folder.glob("*.py")} - {"__init__.py"}


PLUGINS = [
    *(Plugin(path.parents[1], path) for path in sorted(ROOT.glob("plugins/*/src/*"))),
    Plugin(TEMPLATE, TEMPLATE / "src" / "modelwire_acme"),
]


@pytest.fixture(params=PLUGINS, ids=str)
def plugin(request):
    return request.param


def test_the_top_has_the_common_files_and_those_that_the_readme_lists(plugin):
    rooms = {f"{folder.name}/" for folder in plugin.apis}
    assert plugin.top() - COMMON - rooms - set(plugin.listed) == set()


def test_the_folder_of_an_api_has_the_common_files_and_those_that_the_readme_lists(plugin):
    for folder in plugin.apis:
        own = {f"{folder.name}/{name}" for name in modules(folder) - COMMON_OF_AN_API}
        assert own - set(plugin.listed) == set()
        assert modules(folder) >= NEEDED_FOR_AN_API


def test_what_the_readme_lists_is_there_and_is_not_common(plugin):
    for name, reason in plugin.listed.items():
        assert (plugin.package / name).exists(), name
        assert name not in COMMON, name
        folder, _, rest = name.rstrip("/").partition("/")
        assert not (rest in COMMON_OF_AN_API and plugin.package / folder in plugin.apis), name
        assert len(reason.split()) >= 3, name


def test_all_plugins_are_looked_at():
    assert {str(plugin) for plugin in PLUGINS} >= {"bedrock", "openai", "anthropic", "template"}
    assert sum(len(plugin.apis) for plugin in PLUGINS) >= 5


def test_the_guide_lists_the_common_files():
    guide = (ROOT / "docs" / "writing-a-plugin.md").read_text("utf-8")
    table = guide.partition("| file | job |")[2].partition("\n\n")[0]
    assert {*re.findall(r"`([a-z_]+(?:\.py|/))`", table)} - {"chat/"} == COMMON | COMMON_OF_AN_API
