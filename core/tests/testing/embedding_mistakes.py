"""A plugin that makes embeddings well, and mistakes in it, each with the rule that it breaks."""

from mistakes import Mistake

EMBED = '''

@hookimpl
def embedding_limits():
    """How much one request may hold."""
    from modelwire.hookspecs import EmbeddingLimits

    return EmbeddingLimits(texts=3)


@hookimpl
async def embed(model, texts, options, provider, config, transport):
    """Make a vector of each text."""
    from modelwire.authoring import post_json, read_vectors
    from modelwire.hookspecs import EmbeddingBatch
    from modelwire.messages import Usage

    from {module}.account import account_of
    from {module}.client import _api

    account = account_of(provider, config)
    payload = {{"model": model.id, "texts": list(texts)}}
    if options.dimensions is not None:
        payload["dimensions"] = options.dimensions
    answer = await post_json(
        _api(account),
        f"{{account.base_url}}/embeddings",
        payload,
        transport=transport,
        deadlines=options.deadlines,
        model=model.id,
    )
    found = answer["vectors"]
    vectors = read_vectors(found, texts=len(texts), provider=provider.id, model=model.id)
    return EmbeddingBatch(vectors, Usage(input=answer["tokens"]))
'''
"""What stands at the end of `plugin.py`."""

VECTORS = '''
    def vectors(self, vectors, usage):
        """Write the embeddings of one request."""
        return {"vectors": vectors, "tokens": usage.input}

    def models('''
"""The replacement for the start of the wire's method `models`: a method before it."""

CALL = "    found = answer"

EMBEDDING_MISTAKES = [
    Mistake(
        "order", "plugin.py", "    vectors = read_vectors(found,",
        "    vectors = read_vectors(found[::-1],",
        "test_each_text_gets_its_vector_within_the_limits",
    ),
    Mistake(
        "one-by-one", "plugin.py", '"texts": list(texts)', '"texts": list(texts)[:1]',
        "test_each_text_gets_its_vector_within_the_limits",
    ),
    Mistake(
        "beyond-the-limit", "plugin.py", "    answer = await post_json(",
        "    for text in texts[1:]:\n        await post_json(_api(account), account.base_url + '/x', {'t': text}, "
        "transport=transport)\n    answer = await post_json(",
        "test_each_text_gets_its_vector_within_the_limits",
    ),
    Mistake(
        "wrong-usage", "plugin.py", "input=answer[\"tokens\"]", "input=answer[\"tokens\"] * 2",
        "test_each_text_gets_its_vector_within_the_limits",
    ),
    Mistake(
        "ignored-dimensions", "plugin.py", "    if options.dimensions is not None:", "    if False:",
        "test_a_length_of_vectors_is_sent_or_refused",
    ),
    Mistake(
        "untyped-error", "plugin.py", "    answer = await post_json(",
        "    from modelwire.errors import ProviderError, ServerError\n"
        "    async def post_json(*a, **k):\n"
        "        from modelwire.authoring import post_json\n"
        "        try:\n            return await post_json(*a, **k)\n"
        "        except ProviderError as e:\n            raise ServerError(str(e)) from e\n"
        "    answer = await post_json(",
        "test_a_refusal_of_embeddings_is_its_typed_error[429]",
    ),
    Mistake(
        "tries-itself", "plugin.py", "    answer = await post_json(",
        "    from modelwire.transport import RetryPolicy, retrying_call\n"
        "    from modelwire.authoring import post_json as post\n"
        "    async def post_json(*a, **k):\n"
        "        quick = RetryPolicy(base=0.0)\n"
        "        return await retrying_call(lambda: post(*a, **k), quick, model='x')\n"
        "    answer = await post_json(",
        "test_a_request_for_embeddings_that_failed_is_sent_again",
    ),
    Mistake(
        "made-up", "plugin.py", CALL,
        "    answer['vectors'] += [[0.0, 0.0]] * (len(texts) - len(answer['vectors']))\n" + CALL,
        "test_an_answer_without_the_vectors_is_malformed[fewer]",
    ),
    Mistake(
        "bug-in-garbage", "plugin.py", "    answer = await post_json(",
        "    import json\n    from modelwire.transport import Request\n"
        "    async def post_json(api, url, payload, *, transport, deadlines, model):\n"
        "        body = json.dumps(payload).encode()\n"
        "        request = Request('POST', url, api.headers, body)\n"
        "        async with transport.send(request, deadlines=deadlines) as response:\n"
        "            return json.loads(await response.read())\n"
        "    answer = await post_json(",
        "test_an_answer_without_the_vectors_is_malformed[garbage]",
    ),
    Mistake(
        "stays", "plugin.py", "    answer = await post_json(",
        "    import asyncio\n    from modelwire.authoring import post_json as post\n"
        "    async def post_json(*a, **k):\n"
        "        task = asyncio.create_task(post(*a, **k))\n"
        "        _LEFT.append(task)\n"
        "        return await asyncio.shield(task)\n"
        "    answer = await post_json(",
        "test_the_service_sees_that_who_waits_for_vectors_has_gone",
    ),
    Mistake(
        "sleeps", "plugin.py", CALL, "    import time\n    time.sleep(0.01)\n" + CALL,
        "test_nothing_in_the_loop_blocks_while_vectors_are_made",
    ),
    Mistake(
        "cold-embeddings", "plugin.py", "    from modelwire.hookspecs import EmbeddingBatch\n",
        "    import modelwire.hookspecs.setup\n    from modelwire.hookspecs import EmbeddingBatch\n",
        "test_a_first_call_imports_nothing_on_the_event_loop[embed]",
    ),
]  # fmt: skip
