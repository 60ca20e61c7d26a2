"""The page in Chromium: what a person sees and does, with hostile texts, in the dark, on a phone."""

import asyncio
import contextlib
import os
import re
import shutil

import pytest
from gateway_server import KEY, MODEL, serving

from modelwire_bedrock.emulator import Fault
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import OpenAccess
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.settings import StorageSettings

playwright_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

CHROMIUM = os.environ.get("MODELWIRE_TEST_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# It takes long, so it begins early where processes share the tests.
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.timeout(120),
    pytest.mark.extensive("it starts a browser for each test"),
]

VIEWS = ("Status", "Models", "Usage", "Requests", "Playground")
HOSTILE = '<img src=x onerror="document.title=`taken`"><script>document.title="taken"</script>'
QUESTION = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}
PATH = "/v1/chat/completions"
SHOP = {
    "baseUrl": "http://127.0.0.1:9/v1",
    "api": "openai-completions",
    "apiKey": "none",
    "models": [
        {"id": "cheap", "cost": {"input": 0.0375, "output": 12.5}},
        {"id": "embedding", "cost": {"input": 0.02}},
        {"id": "secret"},
    ],
}
PRICES = {
    "shop/cheap": ["$0.0375", "$12.50"],
    "shop/embedding": ["$0.02", "unknown"],
    "shop/secret": ["unknown", "unknown"],
}
MINUTE = 60_000
PHONE = {"width": 375, "height": 667}


@contextlib.asynccontextmanager
async def browsing(**context):
    """A tab of a browser, which notes what its policy forbids and where its requests go."""
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            opened = await browser.new_context(**context)
            tab = await opened.new_page()
            tab.set_default_timeout(MINUTE)
            _note(tab)
            await tab.add_init_script(
                "addEventListener('securitypolicyviolation',"
                " event => console.error(`violation ${event.violatedDirective}`))"
            )
            yield tab
        finally:
            await browser.close()


def _note(tab):
    tab.faults, tab.asked = [], []

    def failed(error):
        tab.faults.append(str(error))

    def said(message):
        if _is_fault(message):
            tab.faults.append(message.text)

    def asked(request):
        tab.asked.append(request)

    tab.on("pageerror", failed)
    tab.on("console", said)
    tab.on("request", asked)


def _is_fault(said):
    # A refused key is in the console of every browser, whatever the page does.
    return said.type == "error" and "status of 401" not in said.text


@contextlib.asynccontextmanager
async def stored(emulator, tmp_path, **options):
    """A gateway that stores usage."""
    storage = StorageSettings(database=str(tmp_path / "gateway.db"))
    async with open_access(storage) as opened:
        opened.control.local = OpenAccess(KEY)
        async with serving(emulator, tmp_path, access=opened, **options) as gateway:
            yield gateway, opened


async def sign_in(tab, gateway, *, keep=False):
    await tab.goto(f"{gateway.url}/")
    await tab.get_by_label("API key").fill(KEY)
    if keep:
        await tab.get_by_label("Keep it").check()
    await tab.get_by_role("button", name="Sign in").click()
    await tab.get_by_role("tab", name="Status").wait_for()
    await tab.get_by_text("amazon-bedrock", exact=True).wait_for()


async def view(tab, name):
    await tab.get_by_role("tab", name=name).click()
    return tab.locator(f"#{name.lower()}")


async def say(tab, model, text):
    place = await view(tab, "Playground")
    await place.get_by_label("Model").fill(model)
    await place.get_by_label("Message").fill(text)
    await place.get_by_role("button", name="Send").click()
    return place


async def test_a_person_signs_in_and_sees_every_view(emulator, tmp_path):
    emulator.answer("Hi.", times=None)
    config = {"models": {"providers": {"shop": SHOP}}}
    async with (
        stored(emulator, tmp_path, config=config) as (gateway, opened),
        browsing(locale="en-US") as tab,
    ):
        await gateway.post(PATH, QUESTION)
        await gateway.record()
        await opened.control.aclose()
        await opened.usage.flush()
        await sign_in(tab, gateway)
        models = await view(tab, "Models")
        await models.get_by_label("Search models").fill(MODEL)
        await models.get_by_text(MODEL, exact=True).wait_for()
        await models.get_by_label("Search models").fill("shop/")
        for name, prices in PRICES.items():
            row = models.locator("tbody tr", has=tab.get_by_text(name, exact=True))
            cells = row.locator('td[data-head$="price"]')
            assert await cells.all_inner_texts() == prices, name
        usage = await view(tab, "Usage")
        await usage.locator("svg rect title", has_text=MODEL).wait_for(state="attached")
        await usage.get_by_label("Measure").select_option("requests")
        await usage.get_by_text(f"{MODEL}: 1", exact=True).wait_for()
        await usage.get_by_label("Days").select_option("7")
        await usage.get_by_text(f"{MODEL}: 1", exact=True).wait_for()
        requests = await view(tab, "Requests")
        await requests.locator("tbody tr", has_text=MODEL).get_by_text("200", exact=True).wait_for()
        assert tab.faults == []
        assert {request.url.startswith(f"{gateway.url}/") for request in tab.asked} == {True}


async def test_a_request_is_seen_while_it_is_open(emulator, tmp_path):
    emulator.answer(fault=Fault("stall"), times=None)
    async with stored(emulator, tmp_path) as (gateway, _), browsing() as tab:
        await sign_in(tab, gateway)
        requests = await view(tab, "Requests")
        await requests.get_by_text("No request yet.").wait_for()
        asking = asyncio.create_task(gateway.post(PATH, QUESTION))
        await requests.locator("tbody tr .open").wait_for()
        asking.cancel()
        await requests.get_by_text("499 left").wait_for()


async def test_the_playground_streams_and_keeps_the_conversation(emulator, tmp_path):
    emulator.answer("The first answer.")
    emulator.answer("The second answer.")
    async with stored(emulator, tmp_path) as (gateway, _), browsing() as tab:
        await sign_in(tab, gateway)
        place = await say(tab, MODEL, "One?")
        await place.get_by_text("The first answer.", exact=True).wait_for()
        await place.locator("small", has_text="tokens").wait_for()
        await say(tab, MODEL, "Two?")
        await place.get_by_text("The second answer.", exact=True).wait_for()
        await place.locator("small", has_text="tokens").nth(1).wait_for()
        sent = [request.post_data_json for request in tab.asked if request.url.endswith(PATH)]
        assert [each["content"] for each in sent[1]["messages"]] == [
            "One?", "The first answer.", "Two?",
        ]  # fmt: skip
        assert all(each["stream"] for each in sent)
        assert tab.faults == []


async def test_an_answer_is_shown_as_it_comes_and_can_be_stopped(emulator, tmp_path):
    emulator.answer("word " * 200, fault=Fault("stall", after=4), times=None)
    async with stored(emulator, tmp_path) as (gateway, _), browsing() as tab:
        await sign_in(tab, gateway)
        place = await say(tab, MODEL, "Go on.")
        await place.get_by_text("word").first.wait_for()
        await place.get_by_role("button", name="Stop").click()
        await place.get_by_text("stopped", exact=True).wait_for()
        assert (await gateway.record()).failure == "left"


async def test_the_key_is_in_no_address_and_no_cookie_and_is_forgotten(emulator, tmp_path):
    async with stored(emulator, tmp_path) as (gateway, _), browsing() as tab:
        await sign_in(tab, gateway)
        assert KEY not in "".join(request.url for request in tab.asked)
        assert await tab.context.cookies() == []
        assert await tab.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        await tab.reload()
        await tab.get_by_label("API key").wait_for()
        await sign_in(tab, gateway, keep=True)
        await tab.reload()
        await tab.get_by_text("amazon-bedrock", exact=True).wait_for()
        assert await tab.evaluate("localStorage.length") == 0
        await tab.get_by_role("button", name="Sign out").click()
        await tab.get_by_label("API key").wait_for()
        assert await tab.evaluate("sessionStorage.length") == 0
        assert await tab.locator("#status").text_content() == ""


async def test_a_wrong_key_is_refused(emulator, tmp_path):
    async with stored(emulator, tmp_path) as (gateway, _), browsing() as tab:
        await tab.goto(f"{gateway.url}/")
        await tab.get_by_label("API key").fill("mw-wrong")
        await tab.get_by_role("button", name="Sign in").click()
        await tab.locator("#login-error", has_text=re.compile("key", re.IGNORECASE)).wait_for()
        assert await tab.get_by_role("tab", name="Status").is_hidden()


async def test_hostile_texts_are_shown_as_texts(emulator, tmp_path):
    emulator.answer(HOSTILE, times=None)
    settings = Settings(aliases={HOSTILE: MODEL})
    async with stored(emulator, tmp_path, settings=settings) as (gateway, _), browsing() as tab:
        await sign_in(tab, gateway)
        models = await view(tab, "Models")
        await models.get_by_text(HOSTILE, exact=True).first.wait_for()
        place = await say(tab, HOSTILE, HOSTILE)
        await place.locator(".assistant p", has_text=HOSTILE).wait_for()
        await place.locator("small", has_text="tokens").wait_for()
        await say(tab, f"no/{HOSTILE}", HOSTILE)
        await place.locator(".error", has_text=HOSTILE).wait_for()
        requests = await view(tab, "Requests")
        await requests.get_by_text(f"no/{HOSTILE}", exact=True).wait_for()
        assert await tab.title() == "modelwire"
        assert await tab.locator("main img, main script").count() == 0
        assert tab.faults == [
            "Failed to load resource: the server responded with a status of 404 (Not Found)"
        ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_view_fits_a_phone_in_both_schemes(emulator, tmp_path, scheme):
    emulator.answer("a" * 400, times=None)
    async with (
        stored(emulator, tmp_path) as (gateway, opened),
        browsing(viewport=PHONE, color_scheme=scheme, is_mobile=True, has_touch=True) as tab,
    ):
        await gateway.post(PATH, QUESTION)
        await gateway.record()
        await opened.control.aclose()
        await opened.usage.flush()
        await sign_in(tab, gateway)
        for name in VIEWS:
            place = await view(tab, name)
            if name == "Playground":
                await say(tab, MODEL, "b" * 400)
                await place.locator("small", has_text="tokens").wait_for()
            else:
                await place.locator("tbody tr", has_text="amazon-bedrock").first.wait_for()
            if folder := os.environ.get("MODELWIRE_TEST_SCREENSHOTS"):
                await tab.screenshot(path=f"{folder}/{scheme}-{name.lower()}.png")
            assert await tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], (
                name
            )
        back = await tab.evaluate("getComputedStyle(document.body).backgroundColor")
        dark = max(map(int, re.findall(r"\d+", back))) < 128
        assert dark is (scheme == "dark")
        assert tab.faults == []


async def test_a_gateway_without_keys_needs_no_sign_in_and_shows_what_is_for_everybody(
    emulator, tmp_path
):
    access = OpenAccess(None)
    async with serving(emulator, tmp_path, access=access) as gateway, browsing() as tab:
        await tab.goto(f"{gateway.url}/")
        await tab.get_by_text("amazon-bedrock", exact=True).wait_for()
        assert await tab.get_by_role("columnheader", name="Source").count() == 0
        usage = await view(tab, "Usage")
        await usage.get_by_text("This gateway stores no usage.").wait_for()
        assert await usage.get_by_label("Group").locator("option").all_inner_texts() == ["by model"]
        requests = await view(tab, "Requests")
        await requests.get_by_text("No request yet.").wait_for()
        assert tab.faults == []
