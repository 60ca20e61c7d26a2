"""Files of JSON lines: uploads that a form parser understands, and downloads line by line."""

import json
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from modelwire.authoring import fetch_lines, post_file
from modelwire.errors import AuthenticationError, MalformedResponse, StreamTruncated
from modelwire.testing import Reply

LINES = [{"custom_id": "a", "text": "zwölf 🎈"}, {"custom_id": "b"}]
CONTENT = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in LINES).encode()


def form_of(request):
    """The parts of a form by their names."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    return {
        part.get_param("name", header="content-disposition"): part for part in message.iter_parts()
    }


@pytest.fixture
def lines_of(server, transport, api_with):
    async def run(pieces, **reply):
        server.script(Reply(pieces, **reply))
        url = f"{server.url}/files/f/content"
        return [line async for line in fetch_lines(api_with(), url, transport=transport, model="m")]

    return run


async def test_a_file_is_uploaded_as_a_form(server, transport, api_with):
    server.script(Reply([b'{"id": "file-1"}']))
    made = await post_file(
        api_with(), f"{server.url}/files", CONTENT,
        filename="batch.jsonl", fields={"purpose": "batch"}, transport=transport,
    )  # fmt: skip
    assert made == {"id": "file-1"}
    form = form_of(server.requests[0])
    assert form["purpose"].get_content().strip() == "batch"
    assert form["file"].get_filename() == "batch.jsonl"
    assert form["file"].get_payload(decode=True).removesuffix(b"\r\n") == CONTENT.removesuffix(
        b"\r\n"
    )
    assert server.requests[0].headers["authorization"].startswith("Bearer ")


async def test_lines_arrive_in_pieces_of_any_size(lines_of):
    assert await lines_of([CONTENT[:20], CONTENT[20:45], CONTENT[45:]]) == LINES


async def test_an_empty_file_has_no_lines(lines_of):
    assert await lines_of([]) == []


@pytest.mark.parametrize("content", [b"[1, 2]\n", b'{"a": \n'], ids=["list", "cut"])
async def test_a_line_that_is_no_object_is_malformed(lines_of, content):
    with pytest.raises(MalformedResponse):
        await lines_of([content])


async def test_a_refused_download_is_its_typed_error(lines_of):
    with pytest.raises(AuthenticationError):
        await lines_of([b'{"error": "no"}'], status=401)


async def test_a_download_that_is_cut_is_not_taken_as_complete(lines_of):
    with pytest.raises(StreamTruncated):
        await lines_of([CONTENT], end="cut")
