"""Checking a reference by what is configured and cached, without asking anybody."""

import asyncio
import subprocess
import sys

import pytest

from modelwire.catalog import Catalog
from modelwire.cli.model_check import ModelCheck, check_reference
from modelwire.models import ModelRef
from modelwire.transport import Transport

DOCUMENT = {
    "models": {"providers": {"echo": {"models": [{"id": "mine"}]}, "odd": {"api": "smoke"}}},
    "agents": {"defaults": {"models": {"echo/mine": {"alias": "Me"}, "echo/v2": {}}}},
}


@pytest.fixture
def check(site, tmp_path):
    site.install("echo", {"providers": {"echo": ""}, "aliases": {"ech": "echo"}})
    site.install("ghostly", {"providers": {"ghostly": ""}, "defaults": {"ghostly/always": ""}})
    environ = {"ECHO_API_KEY": "k", "MODELWIRE_CACHE_DIR": str(tmp_path / "cache")}
    registry = site.registry(DOCUMENT, environ)
    config = registry._config

    async def fetch():
        async with Transport(environ=environ) as transport:
            await Catalog(config, registry, lambda: transport).listings(["echo"])

    def run(text):
        return check_reference(config, registry, text)

    run.fetch = fetch
    return run


def test_a_configured_model_is_known(check):
    assert check("echo/mine") == ModelCheck(ModelRef("echo", "mine"), known=True, listed=True)


def test_the_provider_is_written_under_its_own_id(check):
    assert check(" Ech / mine ").ref == ModelRef("echo", "mine")


def test_an_alias_is_reported(check):
    assert check("ME") == ModelCheck(ModelRef("echo", "mine"), alias="ME", known=True, listed=True)


async def test_a_discovered_model_is_known_once_it_was_discovered(check):
    assert not check("echo/echo-1").known
    await check.fetch()
    assert check("echo/echo-1").known


async def test_a_model_that_no_list_has_is_not_known_and_near_ones_are_reported(check):
    await check.fetch()
    found = check("echo/echo-3")
    assert (found.known, found.problem) == (False, None)
    assert found.hint.startswith("Did you mean one of these?\n  echo/echo-")
    assert found.listed
    assert "models list --provider echo" in check("echo/zzzzz").hint


def test_a_provider_whose_models_were_never_listed_is_kept_apart(check):
    assert not check("ghostly/x").listed
    assert check("ghostly/x").problem is None


def test_a_model_that_comes_with_a_plugin_is_known(check):
    assert check("ghostly/always") == ModelCheck(ModelRef("ghostly", "always"), known=True)


CLOSED = """
    from modelwire.errors import NotFound
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.models import Model

    ALL = {"one", "another"}

    @hookimpl
    def detect_credentials(config):
        return CredentialStatus("usable")

    @hookimpl
    async def discover_models(provider):
        return [Model(provider.id, name) for name in sorted(ALL)]

    @hookimpl
    def describe_call(model, provider):
        if model.id == "broken":
            raise RuntimeError("a bug")
        if model.id not in ALL:
            raise NotFound("It has one and another only.", hint="Take one.")
        return {}
"""


def test_a_model_that_its_plugin_knows_not_to_exist_is_a_problem(site):
    site.install("closed", {"providers": {"closed": ""}, "defaults": {"closed/one": ""}}, CLOSED)
    registry = site.registry()

    def run(text):
        return check_reference(registry._config, registry, text)

    assert run("closed/one").known
    assert run("closed/another") == ModelCheck(  # in no list that was fetched, and yet it exists
        ModelRef("closed", "another"),
        hint="`modelwire models list --provider closed` shows the known ones.",
    )
    found = run("closed/zebra")
    assert (found.absent, found.known) == (True, False)
    assert (found.problem, found.hint) == ("It has one and another only.", "Take one.")
    assert run("closed/ones").hint == "Did you mean closed/one?"
    assert not run("closed/broken").absent


async def test_on_an_event_loop_no_plugin_is_imported_for_it(site):
    site.install("closed", {"providers": {"closed": ""}}, CLOSED)
    registry = site.registry()
    found = check_reference(registry._config, registry, "closed/zebra")
    assert (found.absent, found.problem) == (False, None)
    found = await asyncio.to_thread(check_reference, registry._config, registry, "closed/zebra")
    assert found.absent


async def test_a_bare_name_is_found_in_the_cached_lists(check):
    await check.fetch()
    assert check("echo-2").ref == ModelRef("echo", "echo-2")
    assert check("v2").ref == ModelRef("echo", "v2")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "does not name a model"),
        ("echo/", "does not name a model"),
        ("nobody/x", "No installed plugin provides 'nobody'"),
        ("odd/x", "No installed plugin speaks the API 'smoke'"),
        ("nothing", "No configured or discovered model is called 'nothing'"),
    ],
)
def test_what_names_no_model_is_a_problem_with_a_hint(check, text, problem):
    found = check(text)
    assert problem in found.problem
    assert found.hint
    assert not found.known


def test_it_imports_nothing_heavy():
    code = "import modelwire.cli.model_check, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"aiohttp", "asyncio", "boto3", "botocore", "json5", "rich", "filelock"}
    assert not heavy & set(done.stdout.split())
