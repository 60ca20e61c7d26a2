"""An auth mode that a plugin owns authorizes the requests of every other plugin's API."""

import asyncio
import logging
import threading

import pytest

from modelwire.errors import ConfigError, ModelwireError, PluginError, RequestTimeout
from modelwire.models import ModelRef
from modelwire.testing import Gate, Reply, WireServer
from modelwire.transport import Deadlines, RetryPolicy

SECRET = "sk-signature-0123456789"

# Speaks an API of its own, and sends a key unless another plugin owns the auth mode.
CALLER = """
    from modelwire.errors import ServerError
    from modelwire.events import BlockEnd, Stop, TextDelta, UsageReport
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason
    from modelwire.models import Model
    from modelwire.transport import Request, drain

    async def post(provider, transport, body):
        headers = {"X-Caller": "1"}
        if provider.delegated_auth is None:
            headers["Authorization"] = "Bearer own-key"
        request = Request("POST", provider.base_url + "/ask?x=1", headers, body)
        async with transport.send(request, provider=provider.id) as response:
            said = (await response.read()).decode()
            if response.status != 200:
                raise ServerError(said, provider=provider.id, retry_after=0)
        return said

    @hookimpl
    async def discover_models(provider, transport):
        return [Model(provider.id, await post(provider, transport, b"list"))]

    @hookimpl
    async def count_tokens(provider, transport):
        return int(await post(provider, transport, b"count"))

    @hookimpl
    async def stream_completion(provider, transport):
        yield TextDelta(0, await post(provider, transport, b"hello"))
        yield BlockEnd(0)
        yield Stop(StopReason.STOP)
"""

SIGNER = f"""
    import threading

    from attrs import evolve
    from modelwire.hookspecs import CredentialStatus, hookimpl

    seen, warmed = [], []

    @hookimpl
    def detect_credentials(provider):
        return CredentialStatus("usable", source="the signer", identity=provider.id)

    @hookimpl
    def warm_up(provider, api):
        warmed.append((provider.id, threading.current_thread() is threading.main_thread()))

    @hookimpl
    async def authorize_request(request, provider):
        seen.append(request)
        fields = {{**request.headers, "Authorization": "{SECRET}", "X-Try": str(len(seen))}}
        return evolve(request, headers=fields, public_headers=frozenset({{"x-try"}}))
"""


def sign(site, body=SIGNER, name="signer", mode="x-sign"):
    return site.install(name, {"auth": {mode: ""}}, body)


def document(url, **settings):
    provider = {"baseUrl": url, "auth": "X-Sign", **settings}
    return {"models": {"providers": {"caller": provider}}}


async def test_each_try_is_authorized_last_before_it_is_sent(site, make_runtime):
    site.provider("caller", CALLER)
    module = sign(site)
    with WireServer() as server:
        server.script(Reply([b"busy"], status=503), Reply([b"done"]))
        async with make_runtime(document(server.url)) as runtime:
            message = await runtime.complete("hi", model="caller/m")
    assert message.text == "done"
    assert [request.headers["authorization"] for request in server.requests] == [SECRET, SECRET]
    assert [request.headers["x-try"] for request in server.requests] == ["1", "2"]
    assert [request.headers["x-caller"] for request in server.requests] == ["1", "1"]
    seen = __import__(module).seen
    assert {(request.method, request.url, request.body) for request in seen} == {
        ("POST", server.url + "/ask?x=1", b"hello")
    }


async def test_lists_of_models_and_counts_of_tokens_are_authorized_too(site, make_runtime):
    site.provider("caller", CALLER)
    sign(site)
    with WireServer() as server:
        server.script(Reply([b"a-model"]), Reply([b"7"]))
        async with make_runtime(document(server.url)) as runtime:
            listing = await runtime.catalog.listing("caller")
            counted = await runtime.count_tokens("hi", model="caller/m")
    assert [model.id for model in listing.models] == ["a-model"]
    assert listing.credentials.source == "the signer"
    assert counted == 7
    assert [request.headers["authorization"] for request in server.requests] == [SECRET, SECRET]


async def test_the_owner_of_the_mode_is_imported_in_a_thread_as_well(site, make_runtime):
    site.provider("caller", CALLER)
    module = sign(site)
    assert threading.current_thread() is threading.main_thread()
    with WireServer() as server:
        server.script(Reply([b"done"]))
        async with make_runtime(document(server.url)) as runtime:
            await runtime.complete("hi", model="caller/m")
    assert __import__(module).warmed == [("caller", False)]


async def test_a_dry_run_shows_the_authorized_request_and_hides_the_secret(site, make_runtime):
    site.provider("caller", CALLER)
    sign(site)
    async with make_runtime(document("http://127.0.0.1:9")) as runtime:
        shown = await runtime.dry_run("hi", model="caller/m")
        found = await runtime.resolve("caller/m")
        described = await asyncio.to_thread(runtime.describe_call, found)
    assert shown.request.headers["Authorization"] == SECRET
    assert SECRET not in repr(shown)
    assert "x-try" in shown.request.public_headers
    assert described == {"auth": "x-sign, by signer"}


async def test_an_added_field_is_hidden_in_errors_and_logs(site, make_runtime, caplog):
    site.provider("caller", CALLER)
    sign(site)
    caplog.set_level(logging.DEBUG, "modelwire.http")
    with WireServer() as server:
        server.script(*[Reply([f"no {SECRET}".encode()], status=500)] * 3)
        async with make_runtime(document(server.url)) as runtime:
            with pytest.raises(Exception) as caught:  # noqa: PT011 - of whatever kind it is
                await runtime.complete("hi", model="caller/m")
    assert SECRET not in f"{caught.value!r} {caught.value} {caplog.text}"
    assert "X-Try: 1" in caplog.text


@pytest.mark.parametrize("mode", [None, "api-key", " Token ", "none"])
async def test_a_mode_of_the_core_leaves_the_request_to_the_api(site, make_runtime, mode):
    site.provider("caller", CALLER)
    sign(site)
    with WireServer() as server:
        server.script(Reply([b"done"]))
        async with make_runtime(document(server.url, auth=mode)) as runtime:
            await runtime.complete("hi", model="caller/m")
    assert server.requests[0].headers["authorization"] == "Bearer own-key"


async def test_a_mode_that_no_plugin_owns_is_an_error_of_the_configuration(site, make_runtime):
    site.provider("caller", CALLER)
    sign(site)
    async with make_runtime(document("http://127.0.0.1:9", auth="x-sing")) as runtime:
        with pytest.raises(ConfigError) as caught:
            await runtime.complete("hi", model="caller/m")
        status = runtime.catalog.credentials("caller")
    (problem,) = caught.value.problems
    assert problem.path == "models.providers.caller.auth"
    assert "'x-sing'" in problem.message
    assert caught.value.hint.endswith(
        "one of api-key, token, none, x-sign, or install the plugin that owns it."
    )
    assert status.state == "unusable"
    assert "x-sing" in status.reason


async def test_the_plugin_to_install_is_named_for_an_api_of_this_project(site, make_runtime):
    site.provider("caller", CALLER)
    given = document("http://127.0.0.1:9", auth=None, api="openai-responses")
    async with make_runtime(given) as runtime:
        with pytest.raises(PluginError, match="'openai-responses'") as caught:
            await runtime.complete("hi", model="caller/m")
    assert caught.value.hint == "Run: pip install modelwire-openai"


async def test_the_plugin_to_install_is_named_for_a_mode_of_this_project(site, make_runtime):
    site.provider("caller", CALLER)
    async with make_runtime(document("http://127.0.0.1:9", auth="aws-sdk")) as runtime:
        with pytest.raises(ConfigError) as caught:
            await runtime.complete("hi", model="caller/m")
    assert caught.value.hint == "Run: pip install modelwire-bedrock"


async def test_two_packages_cannot_own_one_mode(site, make_runtime):
    site.provider("caller", CALLER)
    sign(site)
    sign(site, name="other-signer")
    async with make_runtime(document("http://127.0.0.1:9")) as runtime:
        with pytest.raises(
            PluginError, match=r"signer and signer both claim the auth mode 'x-sign'"
        ):
            await runtime.complete("hi", model="caller/m")
        states = {info.distribution: info for info in runtime.registry.plugins()}
    assert states["signer"].auth == ["x-sign"]
    assert states["signer"].reasons == ["other-signer claims the auth mode 'x-sign' too"]


FAULTS = {
    "raises": ("raise KeyError('sk-secret')", "failed to authorize a request for 'caller'"),
    "another body": ("return evolve(request, body=b'x')", "more of a request than its header"),
    "another URL": ("return evolve(request, url='http://x')", "more of a request than its header"),
    "no request": ("return {'Authorization': 'sk-secret'}", "returned dict where a Request is due"),
}


@pytest.mark.parametrize(("body", "said"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_names_the_package_that_owns_the_mode(site, make_runtime, body, said):
    site.provider("caller", CALLER)
    source = f"""
    from attrs import evolve
    from modelwire.hookspecs import hookimpl

    @hookimpl
    async def authorize_request(request):
        {body}
    """
    sign(site, source)
    async with make_runtime(document("http://127.0.0.1:9")) as runtime:
        with pytest.raises(PluginError) as caught:
            await runtime.complete("hi", model="caller/m")
    assert caught.value.message.startswith("signer ")
    assert said in caught.value.message
    assert "sk-secret" not in f"{caught.value}"


async def test_a_plugin_that_claims_a_mode_must_have_the_hook(site, make_runtime):
    site.provider("caller", CALLER)
    sign(site, "from modelwire.hookspecs import hookimpl\n@hookimpl\ndef warm_up(): ...\n")
    async with make_runtime(document("http://127.0.0.1:9")) as runtime:
        with pytest.raises(PluginError, match="signer claims the auth mode 'x-sign', and cannot"):
            await runtime.complete("hi", model="caller/m")


async def test_a_wrapper_may_wrap_the_hook(site, make_runtime):
    site.provider("caller", CALLER)
    sign(site)
    wrapper = """
    from attrs import evolve
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def authorize_request():
        answer = yield
        async def marked():
            request = await answer
            return evolve(request, headers={**request.headers, "X-Wrapped": "yes"})
        return marked()
    """
    site.install("wrapping", {"middleware": {"wrapping": ""}}, wrapper)
    with WireServer() as server:
        server.script(Reply([b"done"]))
        async with make_runtime(document(server.url)) as runtime:
            await runtime.complete("hi", model="caller/m")
    assert server.requests[0].headers["x-wrapped"] == "yes"


async def test_leaving_a_stream_ends_an_authorization_that_waits(site, make_runtime):
    site.provider("caller", CALLER)
    module = sign(
        site,
        """
    import asyncio
    from modelwire.hookspecs import hookimpl

    ended = []

    @hookimpl
    async def authorize_request(request):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request.url)
    """,
    )
    async with make_runtime(document("http://127.0.0.1:9")) as runtime:
        waiting = asyncio.create_task(runtime.complete("hi", model=ModelRef("caller", "m")))
        await runtime.resolve("caller/m")
        while module not in __import__("sys").modules:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert __import__(module).ended == ["http://127.0.0.1:9/ask?x=1"]


RENEWER = """
    from attrs import evolve
    from modelwire.hookspecs import CredentialStatus, hookimpl

    @hookimpl
    def detect_credentials():
        return CredentialStatus("usable", source="the renewer")

    tokens, refusals = ["old", "new", "newest"], []

    @hookimpl
    async def authorize_request(request):
        return evolve(request, headers={**request.headers, "Authorization": f"Bearer {tokens[0]}"})

    @hookimpl
    async def renew_authorization(request, status, headers, body):
        refusals.append((request.headers["Authorization"], status, headers["x-why"], body))
        if status == 400:
            return False
        if request.headers["Authorization"] == f"Bearer {tokens[0]}":
            del tokens[0]
        return True
"""
WHY = {"X-Why": "because"}


async def sent_with_renewal(site, make_runtime, *replies, body=RENEWER, ask=None):
    site.provider("caller", CALLER)
    module = sign(site, body)
    with WireServer() as server:
        server.script(*replies)
        async with make_runtime(
            document(server.url), retries=RetryPolicy(max_attempts=1)
        ) as runtime:
            try:
                said = await (ask or _complete)(runtime)
            except ModelwireError as error:
                said = error
    tokens = [request.headers.get("authorization") for request in server.requests]
    return said, tokens, __import__(module)


async def _complete(runtime):
    return (await runtime.complete("hi", model="caller/m")).text


async def _count(runtime):
    return await runtime.count_tokens("hi", model="caller/m")


async def _list(runtime):
    return [model.id for model in (await runtime.catalog.listing("caller")).models]


@pytest.mark.parametrize(("ask", "says"), [(_complete, "7"), (_count, 7), (_list, ["7"])])
async def test_a_refused_request_is_sent_again_with_renewed_authorization(
    site, make_runtime, ask, says
):
    refusal = Reply([b"token expired"], status=401, headers=WHY)
    said, tokens, module = await sent_with_renewal(
        site, make_runtime, refusal, Reply([b"7"]), ask=ask
    )
    assert said == says
    assert tokens == ["Bearer old", "Bearer new"]
    assert module.refusals == [("Bearer old", 401, "because", b"token expired")]


async def test_it_is_renewed_once_for_each_request_and_the_second_answer_counts(site, make_runtime):
    refusals = [Reply([text], status=403, headers=WHY) for text in (b"one", b"two")]
    said, tokens, module = await sent_with_renewal(site, make_runtime, *refusals)
    assert said.message == "two"
    assert tokens == ["Bearer old", "Bearer new"]
    assert len(module.refusals) == 1


async def test_a_refusal_that_renews_nothing_reaches_the_caller_whole(site, make_runtime):
    text = b"long " * 40_000
    refusal = Reply([text[:70_000], text[70_000:]], status=400, headers=WHY)
    said, tokens, module = await sent_with_renewal(site, make_runtime, refusal)
    assert said.message.encode() == text
    assert tokens == ["Bearer old"]
    ((_, _, _, seen),) = module.refusals
    assert seen == text[: 64 * 1024]


@pytest.mark.parametrize("status", [402, 404, 429, 500])
async def test_other_statuses_are_no_refusal_of_credentials(site, make_runtime, status):
    answer = Reply([b"no"], status=status, headers=WHY)
    _, tokens, module = await sent_with_renewal(site, make_runtime, answer)
    assert tokens == ["Bearer old"]
    assert module.refusals == []


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (
            "refusals.append",
            "1 / 0; refusals.append",
            "failed to renew the authorization for 'caller'",
        ),
        ("return True", "return 'yes'", "returned str where a bool is due"),
    ],
)
async def test_a_broken_renewal_is_the_plugins_error(site, make_runtime, right, wrong, says):
    assert right in RENEWER
    refusal = Reply([b"no"], status=401, headers=WHY)
    broken = RENEWER.replace(right, wrong)
    said, tokens, _ = await sent_with_renewal(site, make_runtime, refusal, body=broken)
    assert isinstance(said, PluginError)
    assert says in str(said)
    assert tokens == ["Bearer old"]


async def test_a_request_to_which_the_mode_added_nothing_is_not_renewed(site, make_runtime):
    refusal = Reply([b"no"], status=401, headers=WHY)
    silent = RENEWER.replace("return evolve(", "return request\n        return evolve(")
    _, tokens, module = await sent_with_renewal(site, make_runtime, refusal, body=silent)
    assert tokens == [None]
    assert module.refusals == []


async def test_both_requests_share_the_deadline_for_the_whole_answer(site, make_runtime):
    late = RENEWER.replace(
        "if status == 400:",
        "import asyncio\n        await asyncio.sleep(0.5)\n        if status == 400:",
    )

    async def ask(runtime):
        return await runtime.complete("hi", model="caller/m", deadlines=Deadlines(total=1.5))

    replies = Reply([b"no"], status=401, headers=WHY), Reply([b"too late"], hold=Gate())
    said, tokens, _ = await sent_with_renewal(site, make_runtime, *replies, body=late, ask=ask)
    assert isinstance(said, RequestTimeout)
    assert said.phase == "total"
    assert len(tokens) == 2
