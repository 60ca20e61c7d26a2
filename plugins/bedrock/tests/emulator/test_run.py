"""Starting and stopping, in a thread and in the running event loop."""

import asyncio
import socket
import threading

import aiohttp
import pytest
import urllib3

from modelwire_bedrock.emulator import BEARER_TOKEN, CREDENTIALS, Emulator, EmulatorError

NOVA = "us.amazon.nova-lite-v1:0"
HELLO = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}


async def test_it_runs_in_the_event_loop_that_runs():
    threads = threading.active_count()
    async with Emulator() as emulator, aiohttp.ClientSession() as session:
        emulator.answer("Hi")
        url = f"{emulator.url}/model/{NOVA}/converse"
        async with session.post(url, json=HELLO) as response:
            answer = await response.json()
        assert threading.active_count() == threads

    assert answer["output"]["message"]["content"] == [{"text": "Hi"}]


async def test_many_streams_at_once():
    async with Emulator() as emulator, aiohttp.ClientSession() as session:

        async def read():
            url = f"{emulator.url}/model/{NOVA}/converse-stream"
            async with session.post(url, json=HELLO) as response:
                return await response.read()

        bodies = await asyncio.gather(*[read() for _ in range(100)])

    assert len(bodies) == 100
    assert len(set(bodies)) == 1


def test_two_run_side_by_side_and_a_port_is_free_again():
    with Emulator() as one, Emulator() as other:
        assert one.url != other.url
        port = one.port
    with Emulator(port=port) as again:
        assert again.port == port
    assert "bedrock-emulator" not in {thread.name for thread in threading.enumerate()}


def test_a_taken_port_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        emulator = Emulator(port=taken.getsockname()[1])
        with pytest.raises(EmulatorError, match="is taken by another program") as caught, emulator:
            pass

    assert "--port" in caught.value.hint


def test_an_address_of_another_machine_is_reported():
    with (
        pytest.raises(EmulatorError, match="Cannot start the emulator on port"),
        Emulator(host="192.0.2.1"),
    ):
        pass


def test_it_listens_on_loopback_by_default():
    with Emulator() as emulator:
        assert emulator.url.startswith("http://127.0.0.1:")


def test_the_variables_for_clients():
    with Emulator(region="eu-west-1") as emulator:
        signed, bearer = emulator.environ(), emulator.environ(bearer=True)

    assert signed["AWS_ENDPOINT_URL_BEDROCK"] == emulator.url
    assert signed["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == emulator.url
    assert signed["AWS_REGION"] == "eu-west-1"
    assert signed["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key_id
    assert bearer["AWS_BEARER_TOKEN_BEDROCK"] == BEARER_TOKEN
    assert "AWS_ACCESS_KEY_ID" not in bearer


def test_without_credentials_there_are_none_to_offer():
    with Emulator(credentials=[], bearer_tokens=[]) as emulator:
        assert set(emulator.client_options()) == {"endpoint_url", "region_name"}
        assert not any("KEY" in name or "TOKEN" in name for name in emulator.environ(bearer=True))


def test_a_client_that_speaks_http2_is_reported_in_one_line(caplog):
    with Emulator() as emulator:
        with socket.create_connection((emulator.host, emulator.port)) as plug:
            plug.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04")
            while plug.recv(1000):
                pass
        assert requests_are_answered(emulator)

    [record] = [record for record in caplog.records if record.name == "modelwire_bedrock.emulator"]
    assert "A client spoke HTTP/2" in record.getMessage()
    assert record.exc_info is None


def requests_are_answered(emulator):
    url = f"{emulator.url}/model/{NOVA}/converse"
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, json=HELLO).status == 200
