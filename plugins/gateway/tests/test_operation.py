"""Metrics, and whether the gateway is ready."""

import asyncio

import pytest
from gateway_server import KEY, MODEL, serving
from prometheus_client.parser import text_string_to_metric_families

from modelwire.messages import Usage
from modelwire_bedrock.emulator import Fault
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import OpenAccess
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.hosts import is_loopback
from modelwire_gateway.operation.metrics import Metrics
from modelwire_gateway.records import RequestRecord
from modelwire_gateway.storage.settings import StorageSettings

QUESTION = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": 50,
}
PATH = "/v1/chat/completions"
ALL = Settings(host="0.0.0.0", allow_hosts=("127.0.0.1",))


async def text(gateway, path, **headers):
    async with gateway.session.get(gateway.url + path, headers=headers) as answer:
        return answer.status, await answer.text()


async def metrics(gateway):
    """The samples, by name and labels."""
    status, body = await text(gateway, "/metrics")
    assert status == 200
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def test_what_prometheus_reads_is_made_of_the_counts():
    counts = Metrics(live=[1, 2])
    for seconds in (0.05, 0.3, 700.0):
        used = Usage(input=3, output=2)
        counts(RequestRecord("id", "chat", 0.0, model="a/b", usage=used, cost=0.5, seconds=seconds))
    counts(RequestRecord("id", "chat", 0.0, model="a/b", status=499, failure="left"))
    lines = counts.render().decode().splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert (
        samples['modelwire_gateway_requests_total{door="chat",model="a/b",status="200"}'] == "3.0"
    )
    assert samples['modelwire_gateway_requests_total{door="chat",model="",status="499"}'] == "1.0"
    assert samples['modelwire_gateway_failures_total{door="chat",kind="left"}'] == "1.0"
    assert samples['modelwire_gateway_tokens_total{kind="input",model="a/b"}'] == "9.0"
    assert samples['modelwire_gateway_cost_usd_total{model="a/b"}'] == "1.5"
    assert samples["modelwire_gateway_open_requests"] == "2.0"
    took = "modelwire_gateway_request_seconds"
    buckets = {"0.05": "2.0", "0.1": "2.0", "0.5": "3.0", "600.0": "3.0", "+Inf": "4.0"}
    for bound, count in buckets.items():
        assert samples[f'{took}_bucket{{door="chat",le="{bound}"}}'] == count
    assert samples[f'{took}_count{{door="chat"}}'] == "4.0"
    assert float(samples[f'{took}_sum{{door="chat"}}']) == pytest.approx(700.35)
    assert float(samples[f'{took}_created{{door="chat"}}']) > 1.7e9
    assert "# TYPE modelwire_gateway_request_seconds histogram" in lines
    assert "# TYPE modelwire_gateway_tokens_total counter" in lines


async def test_an_answer_is_counted_with_its_tokens_cost_and_time(emulator, tmp_path):
    async with serving(emulator, tmp_path) as gateway:
        assert (await gateway.post(PATH, QUESTION))[0] == 200
        await gateway.events(PATH, {**QUESTION, "stream": True})
        while len(gateway.records) < 2:
            await asyncio.sleep(0.01)
        found = await metrics(gateway)
        door = gateway.records[0].door
        ended = ("modelwire_gateway_requests_total", ("door", door), ("model", MODEL))
        assert found[(*ended, ("status", "200"))] == 2
        for kind in ("input", "output"):
            sample = ("modelwire_gateway_tokens_total", ("kind", kind), ("model", MODEL))
            assert found[sample] == sum(getattr(each.usage, kind) for each in gateway.records)
        cost = found["modelwire_gateway_cost_usd_total", ("model", MODEL)]
        assert cost == pytest.approx(sum(each.cost for each in gateway.records))
        assert found["modelwire_gateway_request_seconds_count", ("door", door)] == 2
        assert found["modelwire_gateway_first_byte_seconds_count", ("door", door)] == 1
        assert found["modelwire_gateway_open_requests",] == 0


async def test_a_failure_is_counted_by_kind_and_its_model_is_no_label(emulator, tmp_path):
    emulator.answer(fault=Fault.error("ThrottlingException"), times=None)
    async with serving(emulator, tmp_path) as gateway:
        await gateway.post(PATH, QUESTION)
        await gateway.post(PATH, {**QUESTION, "model": "made/up"})
        while len(gateway.records) < 2:
            await asyncio.sleep(0.01)
        found = await metrics(gateway)
        kinds = {each[2][1] for each in found if each[0] == "modelwire_gateway_failures_total"}
        assert kinds == {each.failure for each in gateway.records}
        assert len(kinds) == 2
        assert {dict(each[1:]).get("model", "") for each in found} == {""}


async def test_open_requests_are_counted_while_they_are_open(emulator, tmp_path):
    emulator.answer(fault=Fault("stall"), times=None)
    async with serving(emulator, tmp_path) as gateway:
        asking = asyncio.create_task(gateway.post(PATH, QUESTION))
        async with asyncio.timeout(60):
            while (await metrics(gateway))["modelwire_gateway_open_requests",] != 1:
                await asyncio.sleep(0.02)
            asking.cancel()
            while (await metrics(gateway))["modelwire_gateway_open_requests",] != 0:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_beyond_loopback_a_key_is_needed(emulator, tmp_path, path):
    async with serving(emulator, tmp_path, settings=ALL) as gateway:
        assert (await text(gateway, path))[0] == 401
        assert (await text(gateway, path, authorization=f"Bearer {KEY}"))[0] == 200
        assert (await text(gateway, "/healthz"))[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
async def test_behind_a_proxy_on_this_machine_a_key_is_needed(emulator, tmp_path, path, header):
    async with serving(emulator, tmp_path) as gateway:
        assert (await text(gateway, path))[0] == 200
        assert (await text(gateway, path, **{header: "192.0.2.1"}))[0] == 401


async def test_the_settings_may_open_them(emulator, tmp_path):
    opened = Settings(host="0.0.0.0", allow_hosts=("127.0.0.1",), open_probes=True)
    async with serving(emulator, tmp_path, settings=opened) as gateway:
        assert (await text(gateway, "/metrics"))[0] == 200


async def test_it_is_not_ready_while_no_key_can_be_checked(emulator, tmp_path):
    storage = StorageSettings(database=str(tmp_path / "gateway.db"), stale_keys_seconds=0.0001)
    async with open_access(storage) as opened:
        opened.control.local = OpenAccess(KEY)
        async with serving(emulator, tmp_path, access=opened) as gateway:
            status, body = await text(gateway, "/readyz")
            assert (status, body) == (503, "The keys or the limits cannot be checked.\n")
            assert (await text(gateway, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("192.0.2.1", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_loopback_is_known(host, own):
    assert is_loopback(host) is own
