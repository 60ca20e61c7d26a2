"""Source code that several plugins with mistakes call."""

# It is put at the end of their client.py.
BAD_PARTS = """

from modelwire.authoring import JsonEvent

_ALL = []


async def _chunks(api, url, payload, *, transport, deadlines, model):
    from modelwire.authoring import encode_json
    from modelwire.transport import Request

    headers = {**api.headers, "Content-Type": "application/json"}
    request = Request("POST", url, headers, encode_json(payload))
    async with transport.send(request, deadlines=deadlines, model=model) as response:
        async for chunk in response.iter_bytes():
            yield chunk


def _events(texts):
    import json

    return [JsonEvent("message", json.loads(text)) for text in texts]


async def _lines(*arguments, **options):
    async for chunk in _chunks(*arguments, **options):
        parts = chunk.decode().split("\\n\\n")
        yield _events(part.removeprefix("data: ") for part in parts if part)


async def _by_hand(*arguments, **options):
    rest = bytearray()
    async for chunk in _chunks(*arguments, **options):
        rest += chunk
        if b"\\n\\n" in chunk:
            *events, left = bytes(rest).split(b"\\n\\n")
            rest = bytearray(left)
            yield _events(event.decode().removeprefix("data: ") for event in events)


async def _firsts(*arguments, **options):
    from modelwire.transport import SseDecoder

    decoder = SseDecoder()
    async for chunk in _chunks(*arguments, **options):
        yield _events(event.data for event in decoder.feed(chunk)[:1])


async def _lenient(*arguments, **options):
    from modelwire.transport import SseDecoder

    decoder = SseDecoder()
    async for chunk in _chunks(*arguments, **options):
        for event in decoder.feed(chunk):
            try:
                yield _events([event.data])
            except ValueError:
                pass


async def _late(*arguments, **options):
    for together in [together async for together in stream_json(*arguments, **options)]:
        yield together


def _end():
    return JsonEvent("message", {"type": "end", "reason": "stop", "usage": {}})


async def _mended(*arguments, **options):
    from modelwire.errors import StreamTruncated

    ended = False
    try:
        async for together in stream_json(*arguments, **options):
            if isinstance(together, list):
                together = [event for event in together if isinstance(event, JsonEvent)]
                together = [event for event in together if event.data["type"] != "arguments"]
                ended = ended or any(event.data["type"] == "end" for event in together)
            yield together
    except StreamTruncated:
        pass
    if not ended:
        yield [JsonEvent("message", {"type": "block_end", "index": 0}), _end()]


async def _swallowed(*arguments, **options):
    try:
        async for together in stream_json(*arguments, **options):
            yield together
    except Exception:
        yield [_end()]


async def _again(*arguments, **options):
    from modelwire.errors import ProviderError

    try:
        async for together in stream_json(*arguments, **options):
            yield together
    except ProviderError as error:
        if error.status != 503:
            raise
        async for together in stream_json(*arguments, **options):
            yield together


async def _restarted(*arguments, **options):
    try:
        async for together in stream_json(*arguments, **options):
            yield together
    except Exception:
        async for together in stream_json(*arguments, **options):
            yield together


def _answered(answered=None, **changed):
    from modelwire.authoring import error_of_response

    def make(status, headers, body, *, provider, model):
        headers = changed.get("headers", headers)
        status = answered or status
        return error_of_response(status, headers, body, provider=provider, model=model)

    return make


def _keep():
    import asyncio

    asyncio.create_task(asyncio.sleep(3600), name="forgotten")


def _repeating(account):
    from modelwire.authoring import error_of_response

    def make(*said, **more):
        error = error_of_response(*said, **more)
        error.message += account.api_key  # which the core hides
        error.args = (error.message,)
        error.sent = account.headers
        return error

    return make


class _Own:
    def __init__(self, transport):
        self.transport = transport

    def send(self, *arguments, **options):
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def sending():
            try:
                async with self.transport.send(*arguments, **options) as response:
                    yield response
            except Exception as error:
                raise OSError("it did not work") from error

        return sending()


class _Owner:
    def __init__(self, stream):
        self.stream = stream
        self.own = self.run()

    async def run(self):
        async for together in self.stream:
            yield together


async def _owned(*arguments, **options):
    async for together in _Owner(stream_json(*arguments, **options)).own:
        yield together


async def _pumped(*arguments, **options):
    import asyncio

    arrived = asyncio.Queue()

    async def pump():
        try:
            async for together in stream_json(*arguments, **options):
                arrived.put_nowait(together)
        finally:
            arrived.put_nowait(None)

    _ALL.append(asyncio.create_task(pump()))
    while (together := await arrived.get()) is not None:
        yield together
"""
