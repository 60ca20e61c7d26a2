"""Embeddings: one vector for each text, in order, however the texts were divided."""

import asyncio
import importlib
from array import array

import pytest

from modelwire import EmbeddingOptions, Embeddings, SyncRuntime
from modelwire.config import Config
from modelwire.errors import (
    ConfigError,
    ContextOverflow,
    InvalidRequest,
    MalformedResponse,
    Overloaded,
    PluginError,
    RequestTimeout,
)
from modelwire.messages import Cost
from modelwire.transport import Deadlines, RetryPolicy

# Each model of this provider misbehaves in the way that its id says. A vector says how long its text
# is, and which request it came with.
EMBEDDER = """
    import asyncio
    from modelwire import errors
    from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits, hookimpl
    from modelwire.messages import Usage

    calls, seen, running, most = [], [], 0, 0
    ended = []

    @hookimpl
    def embedding_limits(model):
        if model.id == "chat":
            raise errors.InvalidRequest("chat makes no embeddings.", provider="vec", model="chat")
        if model.id == "nolimits":
            return None
        return EmbeddingLimits(texts=3, total_bytes=20)

    @hookimpl
    async def embed(model, texts, options):
        global running, most
        calls.append(list(texts))
        seen.append(options)
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0.002 * (5 - len(calls) % 5))
            return answer(model.id, texts, options)
        finally:
            running -= 1
            ended.append(len(texts))

    def answer(name, texts, options):
        name, _, detail = name.partition(":")
        if name == "busy" and len(calls) <= int(detail):
            raise errors.Overloaded("busy", provider="vec", model="busy", retry_after=0)
        if name == "down" or (name == "late" and "e" in texts):
            raise errors.Overloaded("down", provider="vec", model=name, retry_after=0)
        if name == "long":
            place = next((i for i, text in enumerate(texts) if text == "long"), None)
            if place is not None:
                raise errors.InvalidRequest("too long", provider="vec", text_index=place)
        if name == "overflow" and "long" in texts:
            raise errors.ContextOverflow("too many tokens", provider="vec")
        if name == "refused":
            raise errors.InvalidRequest("no", provider="vec", status=400)
        if name == "bug":
            raise KeyError("sk-secret")
        if name == "quits":
            raise asyncio.CancelledError
        vectors = [[float(len(text)), 0.0, 2.0] for text in texts]
        if name == "few":
            vectors.pop()
        if name == "ragged":
            vectors[0].append(1.0)
        if name == "mixed" and "e" in texts:
            vectors = [[1.0] for _ in texts]
        if name == "infinite":
            vectors[0][1] = float("inf")
        if name == "list":
            return vectors
        return EmbeddingBatch(vectors, None if name == "silent" else Usage(input=len(texts)))
"""


@pytest.fixture
def plugin(site):
    """The module of the embedding plugin."""
    name = site.provider("vec", EMBEDDER)
    site.provider("echo")
    return importlib.import_module(name)


@pytest.fixture
def embedder(plugin, make_runtime):
    return make_runtime({})


async def test_vectors_are_in_the_order_of_the_texts(embedder):
    made = await embedder.embed(
        [letter * n for n, letter in enumerate("abcdefg", 1)], model="vec/m"
    )
    assert [vector[0] for vector in made.vectors] == [1, 2, 3, 4, 5, 6, 7]
    assert (made.provider, made.model, made.dimensions) == ("vec", "m", 3)
    assert all(type(vector) is array and vector.typecode == "f" for vector in made.vectors)
    assert made.usage.input == 7
    assert "1.0" not in repr(made)


async def test_a_string_is_one_text(embedder):
    made = await embedder.embed("hello", model="vec/m")
    assert [list(vector) for vector in made.vectors] == [[5, 0, 2]]


async def test_no_text_makes_no_vector_and_no_request(embedder, plugin):
    made = await embedder.embed([], model="vec/m")
    assert (made.vectors, made.dimensions, made.usage.input) == ((), 0, 0)
    assert plugin.calls == []


async def test_requests_keep_the_limits_of_the_service(embedder, plugin):
    texts = ["é" * 6, "é" * 6, "a", "b", "c", "d", "x" * 30, "y"]
    await embedder.embed(texts, model="vec/m", concurrency=1)
    # 12 bytes each: two of them are over the 20; and one over the limit by itself is sent alone.
    assert plugin.calls == [["é" * 6], ["é" * 6, "a", "b"], ["c", "d"], ["x" * 30], ["y"]]


async def test_a_caller_may_want_smaller_requests_and_fewer_at_a_time(embedder, plugin):
    await embedder.embed([*"abcdefgh"], model="vec/m", batch_size=1, concurrency=3)
    assert len(plugin.calls) == 8
    assert plugin.most == 3


async def test_a_request_that_failed_is_sent_again_by_itself(embedder, plugin):
    made = await embedder.embed([*"abcdef"], model="vec/busy:1", concurrency=1)
    assert plugin.calls == [["a", "b", "c"], ["a", "b", "c"], ["d", "e", "f"]]
    assert [attempt.code for attempt in made.attempts] == ["overloaded"]


async def test_an_error_ends_the_other_requests_and_tells_the_tries(embedder, plugin):
    with pytest.raises(Overloaded) as caught:
        await embedder.embed([*"abcdefghijkl"], model="vec/late", concurrency=2)
    assert len(caught.value.attempts) >= 2
    assert plugin.running == 0


async def test_a_fallback_makes_all_the_vectors(embedder, plugin):
    made = await embedder.embed([*"abcdef"], model="vec/late", fallbacks=["vec/m"], concurrency=1)
    assert made.model == "m"
    assert plugin.calls[-2:] == [["a", "b", "c"], ["d", "e", "f"]]
    assert made.attempts[-1].model == "vec/late"


async def test_the_fallbacks_of_answers_stand_in_for_no_embeddings(plugin, make_runtime):
    document = {"agents": {"defaults": {"model": {"primary": "echo/x", "fallbacks": ["vec/m"]}}}}
    with pytest.raises(ConfigError, match="names none"):
        await make_runtime(document).embed("a")


@pytest.mark.parametrize(
    "chosen", [{"provider": "vec", "model": "m"}, {"model": "vec/m"}, {"model": "short"}]
)
async def test_memory_search_names_the_model(plugin, make_runtime, chosen):
    defaults = {"memorySearch": {**chosen, "query": {"maxResults": 8}}}
    defaults["models"] = {"vec/m": {"alias": "short"}}
    made = await make_runtime({"agents": {"defaults": defaults}}).embed("a")
    assert (made.provider, made.model) == ("vec", "m")


async def test_parameters_of_the_model_are_sent_and_those_of_answers_are_not(plugin, make_runtime):
    defaults = {
        "params": {"temperature": 0.1, "maxTokens": 5},
        "models": {"vec/m": {"params": {"dimensions": 3, "truncate": "END"}}},
    }
    runtime = make_runtime({"agents": {"defaults": defaults}})
    await runtime.embed("a", model="vec/m", params={"user": "me"})
    assert plugin.seen[0].dimensions == 3
    assert plugin.seen[0].params == {"truncate": "END", "user": "me"}


async def test_single_options_win_over_the_object(embedder, plugin):
    options = EmbeddingOptions(input_type="query", normalize=True)
    made = await embedder.embed("abc", model="vec/m", options=options, normalize=False)
    assert plugin.seen[0].input_type == "query"
    assert list(made.vectors[0]) == [3, 0, 2]


async def test_vectors_are_normalized_where_the_service_does_not(embedder):
    made = await embedder.embed(["abc", "a"], model="vec/m", normalize=True)
    for vector in made.vectors:
        assert sum(number * number for number in vector) == pytest.approx(1, abs=1e-6)
    assert made.vectors[0][0] / made.vectors[0][2] == pytest.approx(1.5, abs=1e-6)


async def test_prices_of_the_model_make_the_cost(plugin, make_runtime):
    entry = {"id": "m", "cost": {"input": 2.0, "output": 0}}
    runtime = make_runtime({"models": {"providers": {"vec": {"baseUrl": "", "models": [entry]}}}})
    made = await runtime.embed([*"abcd"], model="vec/m")
    assert made.cost == Cost(input=4 * 2.0 / 1_000_000)
    assert (await runtime.embed("a", model="vec/other")).cost is None


async def test_usage_is_unknown_where_the_service_does_not_say(embedder):
    assert (await embedder.embed("a", model="vec/silent")).usage is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", ""], r"texts\[1\] must be a string that is not empty"),
        (["a", 3], r"texts\[1\] must be a string, not 3"),
        (["a", None], r"texts\[1\] must be a string, not None"),
        (["a", "\ud800"], r"texts\[1\] has a lone surrogate"),
        ("", r"texts\[0\]"),
        (b"bytes", "texts must be a string or a list of strings"),
        ({"a": 1}, "texts must be a string or a list of strings"),
        (7, "texts must be a string or a list of strings"),
    ],
)
async def test_texts_are_checked_before_a_model_is_looked_for(embedder, texts, message):
    with pytest.raises(InvalidRequest, match=message) as caught:
        await embedder.embed(texts, model="nobody/m", fallbacks=["vec/m"])
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": 0}, r"options\.dimensions must be a whole number above 0"),
        ({"input_type": "search"}, r"options\.input_type must be one of query, document"),
        ({"normalize": 1}, r"options\.normalize must be True or False"),
        ({"params": []}, r"options\.params must be a dict"),
        ({"options": 3}, "options must be an EmbeddingOptions"),
        ({"batch_size": 0}, "batch_size must be a whole number above 0"),
        ({"concurrency": None}, "concurrency must be a whole number above 0"),
        ({"fallbacks": "vec/m"}, "fallbacks must be a list"),
    ],
)
async def test_options_are_checked_before_a_model_is_looked_for(embedder, options, message):
    with pytest.raises(InvalidRequest, match=message):
        await embedder.embed("a", model="nobody/m", **options)


async def test_an_option_that_there_is_not_is_named_with_the_nearest(embedder):
    with pytest.raises(TypeError, match="'dimension'; did you mean dimensions"):
        await embedder.embed("a", model="vec/m", dimension=3)


async def test_an_error_names_the_text_at_fault_among_all_texts(embedder):
    with pytest.raises(InvalidRequest, match=r"^texts\[4\]: too long") as caught:
        await embedder.embed(["a", "b", "c", "d", "long", "f"], model="vec/long")
    assert caught.value.text_index == 4


async def test_a_text_that_does_not_fit_and_was_sent_alone_is_named(embedder):
    texts = ["a", "long", "b"]
    with pytest.raises(ContextOverflow, match=r"^texts\[1\]: too many tokens") as caught:
        await embedder.embed(texts, model="vec/overflow", batch_size=1, fallbacks=["vec/m"])
    assert caught.value.text_index == 1


async def test_an_error_about_a_request_names_its_texts(embedder):
    with pytest.raises(InvalidRequest, match=r"no The request held texts\[3\] to texts\[4\]\."):
        await embedder.embed([*"abcde"], model="vec/refused", batch_size=3, concurrency=2)


@pytest.mark.parametrize("name", ["few", "ragged", "mixed", "infinite"])
async def test_a_wrong_number_or_length_of_vectors_is_an_error(embedder, name):
    with pytest.raises(MalformedResponse, match="The service gave"):
        await embedder.embed([*"abcde"], model=f"vec/{name}", concurrency=1)


async def test_vectors_of_another_length_than_was_asked_for_are_an_error(embedder, plugin):
    with pytest.raises(InvalidRequest, match="gave vectors of 3 dimensions, not of 256"):
        await embedder.embed("a", model="vec/m", dimensions=256)
    assert len(plugin.calls) == 1


@pytest.mark.parametrize("name", ["bug", "list", "quits", "nolimits"])
async def test_a_bug_in_the_plugin_names_the_plugin(embedder, name):
    with pytest.raises(PluginError, match="modelwire-vec") as caught:
        await embedder.embed([*"abcde"], model=f"vec/{name}")
    assert "secret" not in str(caught.value)


async def test_a_plugin_that_cannot_embed_is_named(embedder):
    with pytest.raises(InvalidRequest, match="modelwire-echo cannot embed texts"):
        await embedder.embed("a", model="echo/x")


async def test_a_model_that_is_known_to_answer_only_makes_no_embeddings(plugin, make_runtime):
    entries = [{"id": "chat-only", "output": ["text"]}, {"id": "m", "output": ["embedding"]}]
    document = {"models": {"providers": {"vec": {"baseUrl": "", "models": entries}}}}
    runtime = make_runtime(document)
    with pytest.raises(InvalidRequest, match="vec/chat-only makes no embeddings"):
        await runtime.embed("a", model="vec/chat-only")
    with pytest.raises(InvalidRequest, match="vec/m is an embedding model") as caught:
        await runtime.complete("a", model="vec/m")
    assert "embed" in caught.value.hint
    assert (await runtime.embed("a", model="vec/m")).model == "m"


async def test_a_plugin_may_say_that_a_model_makes_no_embeddings(embedder, plugin):
    with pytest.raises(InvalidRequest, match="chat makes no embeddings"):
        await embedder.embed("a", model="vec/chat")
    assert plugin.calls == []


SLOW = """
    import asyncio
    from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits, hookimpl

    begun, ended = [], []

    @hookimpl
    def embedding_limits():
        return EmbeddingLimits(texts=1)

    @hookimpl
    async def embed(model, texts):
        begun.append(texts)
        try:
            if model.id == "deaf":
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    return EmbeddingBatch([[1.0]])
            if model.id != "steady" and len(begun) > (model.id == "second"):
                await asyncio.sleep(3600)
            await asyncio.sleep(0.02)
            return EmbeddingBatch([[1.0]])
        finally:
            ended.append(texts)
"""


@pytest.mark.parametrize("name", ["hangs", "second", "deaf"])
async def test_a_total_deadline_ends_all_requests(site, make_runtime, name):
    slow = importlib.import_module(site.provider("slow", SLOW))
    runtime = make_runtime({}, retries=RetryPolicy(max_attempts=1))
    with pytest.raises(RequestTimeout):
        await runtime.embed([*"abc"], model=f"slow/{name}", deadlines=Deadlines(total=1.0))
    assert len(slow.begun) == len(slow.ended) == 3


async def test_a_first_vector_in_time_lifts_the_deadline_of_the_first(site, make_runtime):
    site.provider("slow", SLOW)
    runtime = make_runtime({})
    texts = [str(n) for n in range(40)]
    limits = Deadlines(first_event=0.5)
    made = await runtime.embed(texts, model="slow/steady", concurrency=1, deadlines=limits)
    assert len(made.vectors) == 40
    with pytest.raises(RequestTimeout):
        await runtime.embed("a", model="slow/hangs", deadlines=Deadlines(first_event=0.1))


@pytest.mark.parametrize("name", ["hangs", "deaf"])
async def test_a_cancelled_call_ends_its_requests(site, make_runtime, name):
    slow = importlib.import_module(site.provider("slow", SLOW))
    runtime = make_runtime({})
    task = asyncio.create_task(runtime.embed([*"abcdef"], model=f"slow/{name}", concurrency=4))
    while len(slow.begun) < 4:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(slow.begun) == len(slow.ended) == 4


def test_it_can_be_called_without_an_event_loop(plugin, make_runtime):
    with SyncRuntime(make_runtime({})) as runtime:
        made = runtime.embed(["a", "bb"], model="vec/m", batch_size=1, input_type="document")
        assert isinstance(made, Embeddings)
        assert [vector[0] for vector in made.vectors] == [1, 2]


def test_what_the_kinds_of_output_may_be_is_checked():
    entry = {"id": "m", "output": ["pictures"]}
    with pytest.raises(ConfigError, match=r"output\[0\]"):
        Config.from_document({"models": {"providers": {"x": {"baseUrl": "", "models": [entry]}}}})


WRAPPER = """
    from modelwire.hookspecs import EmbeddingBatch, hookimpl

    seen = []

    @hookimpl(wrapper=True)
    def embed(texts):
        given = yield

        async def after():
            batch = await given
            seen.append((list(texts), len(batch.vectors)))
            return EmbeddingBatch([[*vector, 9.0] for vector in batch.vectors], batch.usage)

        return after()
"""


async def test_middleware_wraps_each_request(site, plugin, make_runtime):
    wrapper = site.install("modelwire-wrap", {"middleware": {"wrap": ""}}, WRAPPER)
    made = await make_runtime({}).embed([*"abcd"], model="vec/m", concurrency=1)
    assert importlib.import_module(wrapper).seen == [([*"abc"], 3), (["d"], 1)]
    assert [vector[3] for vector in made.vectors] == [9, 9, 9, 9]
