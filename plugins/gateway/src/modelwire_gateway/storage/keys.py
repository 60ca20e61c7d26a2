"""Stored keys: created, listed, rotated and revoked."""

from __future__ import annotations

import time
from typing import Any, Final

from attrs import evolve
from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from modelwire_gateway.access.caller import Limits
from modelwire_gateway.access.keys import Key, KeyText, digest_of
from modelwire_gateway.access.money import to_nanodollars, to_usd
from modelwire_gateway.storage.tables import keys, revisions

__all__ = ["Keys"]

_NAME: Final = "keys"
_REVISION: Final = select(revisions.c.revision).where(revisions.c.name == _NAME)


class Keys:
    """The keys in the database.

    Args:
        engine: The connections.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, key: Key) -> tuple[Key, KeyText]:
        """Store a new key with the attributes of another; its id and secret are made here.

        Returns:
            What is stored, and the key's text, which nothing can show a second time.
        """
        made = KeyText.make()
        stored = evolve(key, id=made.id, digest=digest_of(made.secret), created_at=time.time())
        async with self._engine.begin() as connection:
            await connection.execute(insert(keys).values(**_row_of(stored)))
            await _changed(connection)
        return stored, made

    async def rotate(self, key_id: str, *, keep_seconds: float) -> KeyText | None:
        """Give a key a new secret.

        Args:
            key_id: The key's id.
            keep_seconds: How long the present secret stays good.

        Returns:
            The new text, or `None` where there is no such key in force.
        """
        made = KeyText.make(key_id)
        present = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None))
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                present.values(
                    previous_digest=keys.c.digest,
                    previous_until=time.time() + keep_seconds,
                    digest=digest_of(made.secret),
                )
            )
            await _changed(connection)
        return made if changed.rowcount else None

    async def revoke(self, key_id: str) -> bool:
        """Revoke a key for good; `False` where there is no such key. A second time changes nothing."""
        known = update(keys).where(keys.c.id == key_id)
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                known.values(revoked_at=func.coalesce(keys.c.revoked_at, time.time()))
            )
            await _changed(connection)
        return bool(changed.rowcount)

    async def revision(self) -> int:
        """A number that grows with every change of a key."""
        async with self._engine.connect() as connection:
            return await _revision(connection)

    async def load(self) -> tuple[int, list[Key]]:
        """The revision, and every key, oldest first."""
        async with self._engine.connect() as connection:
            # Read before the keys: what changes in between is then seen at the next look.
            revision = await _revision(connection)
            found = await connection.execute(select(keys).order_by(keys.c.created_at, keys.c.id))
            return revision, [_key_of(row) for row in found.mappings()]


async def _revision(connection: AsyncConnection) -> int:
    return int((await connection.execute(_REVISION)).scalar_one())


async def _changed(connection: AsyncConnection) -> None:
    await connection.execute(
        update(revisions).where(revisions.c.name == _NAME).values(revision=revisions.c.revision + 1)
    )


def _row_of(key: Key) -> dict[str, Any]:
    limits = key.limits
    return {
        "id": key.id,
        "name": key.name,
        "owner": key.owner,
        "digest": key.digest,
        "models": list(key.models),
        "routes": dict(key.routes),
        "labels": dict(key.labels),
        "unpriced": limits.unpriced,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "requests_per_minute": limits.requests_per_minute,
        "tokens_per_minute": limits.tokens_per_minute,
        "concurrency": limits.concurrency,
        "budget_day": _nanodollars(limits.budget_day),
        "budget_month": _nanodollars(limits.budget_month),
    }


def _key_of(stored: RowMapping) -> Key:
    return Key(
        id=stored["id"],
        name=stored["name"],
        owner=stored["owner"],
        digest=stored["digest"],
        previous_digest=stored["previous_digest"],
        previous_until=stored["previous_until"],
        models=tuple(stored["models"]),
        routes=stored["routes"],
        labels=stored["labels"],
        limits=Limits(
            unpriced=stored["unpriced"],
            requests_per_minute=stored["requests_per_minute"],
            tokens_per_minute=stored["tokens_per_minute"],
            concurrency=stored["concurrency"],
            budget_day=_usd(stored["budget_day"]),
            budget_month=_usd(stored["budget_month"]),
        ),
        created_at=stored["created_at"],
        expires_at=stored["expires_at"],
        revoked_at=stored["revoked_at"],
    )


def _nanodollars(usd: float | None) -> int | None:
    return None if usd is None else to_nanodollars(usd)


def _usd(nanodollars: int | None) -> float | None:
    return None if nanodollars is None else to_usd(nanodollars)
