"""Keys in SQLite and PostgreSQL: made, found, rotated, revoked, and shared by processes."""

import asyncio
import os
import stat
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import select

from modelwire.errors import ConfigError
from modelwire_gateway.access.caller import Limits, RequestRefused
from modelwire_gateway.access.keychain import Keychain
from modelwire_gateway.access.keys import Key, KeyText
from modelwire_gateway.storage.engine import database_url, make_engine
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.migrate import HEAD, current_revision, migrate
from modelwire_gateway.storage.tables import keys as table
from modelwire_gateway.storage.tables import metadata

ADA = Key(
    id="",
    digest="",
    name="laptop",
    owner="ada",
    models=("fast", "amazon-bedrock/*"),
    routes={"fast": "openai/gpt-5"},
    labels={"team": "engines"},
    limits=Limits(60, 100_000, 4, budget_day=0.1, budget_month=12.345678901, unpriced=True),
    expires_at=4e9,
)


async def test_a_key_is_stored_with_everything_but_its_secret(engine):
    stored, text = await Keys(engine).create(ADA)
    revision, (found,) = await Keys(engine).load()
    assert found == stored
    assert evolve(found, id="", digest="", created_at=0.0) == ADA
    assert revision == 1
    async with engine.connect() as connection:
        row = (await connection.execute(select(table))).one()
    assert text.secret not in str(row)
    assert text.reveal().startswith(f"mw-{stored.id}-")


async def test_a_key_opens_the_gateway_until_it_is_revoked(engine):
    keys = Keys(engine)
    _, text = await keys.create(ADA)
    ring = Keychain(keys, timeout=60)
    assert (await ring.authenticate(text.reveal())).name == "laptop"
    assert await keys.revoke(text.id)
    await ring.refresh()
    with pytest.raises(RequestRefused) as refused:
        await ring.authenticate(text.reveal())
    assert refused.value.status == 401


async def test_a_key_made_a_moment_ago_is_accepted(engine):
    keys, ring = Keys(engine), Keychain(Keys(engine), timeout=60)
    await ring.refresh()
    await asyncio.sleep(0.25)
    _, text = await keys.create(ADA)
    assert (await ring.authenticate(text.reveal())).owner == "ada"


async def test_a_revocation_is_in_force_without_a_restart(engine):
    keys, ring = Keys(engine), Keychain(Keys(engine), timeout=60)
    _, text = await keys.create(ADA)
    await ring.authenticate(text.reveal())
    current = asyncio.create_task(ring.keep_current())
    await keys.revoke(text.id)
    try:
        with pytest.raises(RequestRefused):
            async with asyncio.timeout(60):
                while True:
                    await ring.authenticate(text.reveal())
                    await asyncio.sleep(0.05)
    finally:
        current.cancel()


async def test_every_key_that_is_not_good_gets_the_same_answer(engine):
    keys = Keys(engine)
    _, good = await keys.create(ADA)
    _, revoked = await keys.create(ADA)
    _, expired = await keys.create(evolve(ADA, expires_at=1.0))
    await keys.revoke(revoked.id)
    wrong = KeyText.make(good.id)
    ring = Keychain(keys, timeout=60)
    answers = set()
    for text in (
        revoked.reveal(),
        expired.reveal(),
        wrong.reveal(),
        KeyText.make().reveal(),
        good.reveal()[:-1],
        good.reveal() + "x",
        "",
        "mw-",
        "sk-other",
        "mw-\0",
        "\ud800",
    ):
        with pytest.raises(RequestRefused) as refused:
            await ring.authenticate(text)
        error = refused.value
        answers.add((error.status, error.code, error.message, error.retry_after))
    assert answers == {(401, "unauthorized", "The API key is missing or not valid.", None)}


async def test_guessing_does_not_make_the_database_work(engine):
    class Counted(Keys):
        looks = 0

        async def revision(self):
            self.looks += 1
            return await super().revision()

    source = Counted(engine)
    ring = Keychain(source, timeout=60)
    await ring.refresh()

    async def guess():
        with pytest.raises(RequestRefused):
            await ring.authenticate(KeyText.make().reveal())

    await asyncio.gather(*(guess() for _ in range(500)))
    await asyncio.gather(*(guess() for _ in range(500)))
    # One look for each fifth of a second, however many guesses there are.
    assert source.looks <= 50


async def test_a_rotated_key_keeps_its_old_secret_as_long_as_was_asked_for(engine):
    keys = Keys(engine)
    _, first = await keys.create(evolve(ADA, expires_at=None))
    second = await keys.rotate(first.id, keep_seconds=3600)
    ring = Keychain(keys, timeout=60)
    assert second.id == first.id
    assert (await ring.authenticate(first.reveal())).id == first.id
    assert (await ring.authenticate(second.reveal())).id == first.id
    third = await keys.rotate(first.id, keep_seconds=0)
    await ring.refresh()
    assert (await ring.authenticate(third.reveal())).id == first.id
    for old in (first, second):
        with pytest.raises(RequestRefused):
            await ring.authenticate(old.reveal())


async def test_what_is_not_there_cannot_be_changed(engine):
    keys = Keys(engine)
    assert not await keys.revoke("nothing")
    assert await keys.rotate("nothing", keep_seconds=0) is None
    _, text = await keys.create(ADA)
    await keys.revoke(text.id)
    assert await keys.rotate(text.id, keep_seconds=0) is None


async def test_a_second_revocation_keeps_the_first_moment(engine):
    keys = Keys(engine)
    _, text = await keys.create(ADA)
    await keys.revoke(text.id)
    _, (once,) = await keys.load()
    assert await keys.revoke(text.id)
    _, (twice,) = await keys.load()
    assert once.revoked_at == twice.revoked_at is not None


async def test_keys_stay_good_for_a_while_when_the_database_is_lost(engine):
    keys = Keys(engine)
    _, text = await keys.create(ADA)

    class Lost(Keys):
        lost = False

        async def revision(self):
            if self.lost:
                raise OSError
            return await super().revision()

    source = Lost(engine)
    patient, strict = Keychain(source, timeout=60), Keychain(source, stale_seconds=0.1)
    await patient.refresh()
    await strict.refresh()
    source.lost = True
    await asyncio.sleep(0.3)
    assert (await patient.authenticate(text.reveal())).name == "laptop"
    with pytest.raises(RequestRefused) as refused:
        await strict.authenticate(text.reveal())
    assert (refused.value.status, refused.value.code) == (503, "unavailable")
    assert refused.value.retry_after is not None


async def test_migrations_of_replicas_that_start_together_take_turns(url):
    await asyncio.gather(*(migrate(url) for _ in range(4)))
    engine = make_engine(url)
    assert await current_revision(engine) == HEAD
    await Keys(engine).create(ADA)
    await engine.dispose()


async def test_an_empty_database_has_no_revision(url):
    engine = make_engine(url)
    assert await current_revision(engine) is None
    await engine.dispose()


async def test_the_migrations_make_the_tables_that_the_code_uses(engine):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def differences(connection):
        context = MigrationContext.configure(
            connection, opts={"version_table": "gateway_version", "compare_type": True}
        )
        return compare_metadata(context, metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_the_last_migration_is_the_one_that_the_code_needs():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from modelwire_gateway.storage import migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
async def test_only_its_owner_can_read_the_file(tmp_path):
    path = tmp_path / "made" / "gateway.db"
    url = database_url(str(path))
    await migrate(url)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("given", ["mysql://user:hunter2@host/db", "://", "sqlite"])
def test_an_unusable_url_is_an_error_without_its_password(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if given == "sqlite":
        assert database_url(given).database == "sqlite"
        return
    with pytest.raises(ConfigError) as error:
        database_url(given)
    assert "hunter2" not in f"{error.value} {error.value.hint}"


async def test_a_database_that_is_not_there_is_an_error_without_its_password():
    url = database_url("postgresql://user:hunter2@127.0.0.1:1/gateway")
    with pytest.raises(ConfigError, match="cannot be used") as error:
        await migrate(url)
    assert "hunter2" not in str(error.value)
    assert "127.0.0.1" in str(error.value)
