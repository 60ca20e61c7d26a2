"""Requests with large bodies: the loop turns meanwhile, which the suite's watch over it checks."""

import pytest
from gateway_server import MODEL

MESSAGES = 15_000
PATHS = {
    "/v1/chat/completions": "messages",
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "messages",
    "/v1/responses": "input",
    f"/model/{MODEL.partition('/')[2]}/converse": "messages",
}


@pytest.mark.parametrize("path", PATHS)
async def test_a_long_conversation_is_read_beside_the_loop(gateway, path):
    text = [{"text": "Hello."}] if path.endswith("converse") else "Hello."
    turn = {"role": "user", "content": text}
    # The last turn is wrong, so that everything is read and no model is called.
    body = {"model": MODEL, "max_tokens": 10, PATHS[path]: [turn] * MESSAGES + [{"role": "x"}]}
    status, _, answer = await gateway.post(path, body)
    assert status == 400
    assert str(MESSAGES) in str(answer)
