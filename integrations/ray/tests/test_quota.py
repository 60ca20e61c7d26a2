"""A quota holds for all actors together, and outlives those that use it."""

import time

import pyarrow as pa
import pytest
import ray
from conftest import SONNET, wait_until

from modelwire.errors import InvalidRequest
from modelwire_bedrock.emulator import Fault, Match
from modelwire_ray import Ask, Quota
from modelwire_ray.quota import Turns


@pytest.fixture
def quota(cluster):
    """Make quotas, whose actors end with the test."""

    def make(**limits):
        made.append(Quota(**limits))
        return made[-1]

    made = []
    yield make
    for each in made:
        ray.kill(each.actor)


@ray.remote(num_cpus=0)
class Clock:
    """Notes when turns of a quota came, in an actor of its own."""

    def __init__(self, quota):
        self._quota = quota

    async def run(self, count):
        turns = Turns(self._quota)
        starts = []
        for _ in range(count):
            await turns.wait()
            starts.append(time.monotonic())  # the clock of the machine, as of the other actors
        return starts


def test_two_actors_share_a_quota_that_outlives_one_of_them(quota):
    shared = quota(requests_per_minute=600)
    first, second = Clock.remote(shared), Clock.remote(shared)
    runs = ray.get([clock.run.remote(10) for clock in (first, second)])
    starts = sorted([*runs[0], *runs[1]])
    assert len(starts) == 20
    # 19 gaps of 0.1 s; a reply that comes late makes the first one shorter.
    assert starts[-1] - starts[0] >= 19 * 0.1 - 0.5

    running = first.run.remote(600)
    ray.kill(first)
    starts = ray.get(second.run.remote(10))
    assert starts[-1] - starts[0] >= 9 * 0.1 - 0.5
    with pytest.raises(ray.exceptions.RayActorError):
        ray.get(running)


def test_reservations_outlive_a_restart_of_the_keeper(quota):
    shared = quota(requests_per_minute=60)
    keeper = shared.actor.take
    state = {"requests": 0, "further": 0}
    name, delays = ray.get(keeper.remote([1] * 31, keeper=None, reserved=0, **state))
    assert delays[-1] == pytest.approx(30)

    ray.kill(shared.actor, no_restart=False)
    assert wait_until(
        lambda: ray.get(keeper.remote([], keeper=name, reserved=0, **state))[0] != name
    )
    new, (delay,) = ray.get(keeper.remote([1], keeper=name, reserved=delays[-1], **state))
    assert new != name
    assert delay >= 30
    # Those that ask the new one in turn do not make it wait again.
    _, (delay,) = ray.get(keeper.remote([1], keeper=new, reserved=1000, **state))
    assert delay < 100


async def test_the_use_of_calls_is_corrected(emulator, quota):
    shared = quota(tokens_per_minute=30_000, tokens_per_call=100)
    turns = Turns(shared)
    assert await turns.wait() == 100
    turns.used(100, tokens=1000, retries=0)
    start = time.monotonic()
    assert await turns.wait() == 1000, "one that is like those before"
    assert time.monotonic() - start >= 1.5


async def test_retries_count_as_requests(emulator, quota):
    emulator.answer(fault=Fault.error("ThrottlingException"), when=Match(text="a"), times=2)
    answers = Ask(SONNET, "{word}", config={}, quota=quota(requests_per_minute=30))
    await answers(pa.table({"word": ["a"]}))
    start = time.monotonic()
    await answers(pa.table({"word": ["b"]}))
    await answers.aclose()
    assert [request.status for request in emulator.requests] == [429, 429, 200, 200]
    assert time.monotonic() - start >= 2, "two retries, of which some wait is over"


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute", "tokens_per_call"])
def test_a_quota_is_greater_than_zero(name):
    with pytest.raises(InvalidRequest, match=f"{name} is 0"):
        Quota(**{name: 0})
