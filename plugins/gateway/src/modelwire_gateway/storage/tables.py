"""The tables of the database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Integer, MetaData, String, Table

__all__ = ["keys", "metadata", "revisions", "usage", "writers"]

metadata: Final = MetaData()

keys: Final = Table(
    "gateway_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("owner", String(200)),
    Column("digest", String(64), nullable=False),
    Column("previous_digest", String(64)),
    Column("previous_until", Float(53)),
    Column("models", JSON, nullable=False),
    Column("routes", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("requests_per_minute", BigInteger),
    Column("tokens_per_minute", BigInteger),
    Column("concurrency", Integer),
    Column("budget_day", BigInteger),
    Column("budget_month", BigInteger),
    Column("unpriced", Boolean, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("expires_at", Float(53)),
    Column("revoked_at", Float(53)),
)
"""Keys. Moments are seconds since 1970, amounts of money nano-dollars."""

revisions: Final = Table(
    "gateway_revisions",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
"""How often a table has changed, so that a copy knows whether it is current."""

usage: Final = Table(
    "gateway_usage",
    metadata,
    Column("caller", String(512), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("model", String(512), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("owner", String(200)),
    Column("requests", BigInteger, nullable=False),
    Column("unpriced", BigInteger, nullable=False),
    Column("input", BigInteger, nullable=False),
    Column("output", BigInteger, nullable=False),
    Column("cache_read", BigInteger, nullable=False),
    Column("cache_write", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
)
"""Usage of each caller, day of UTC and model; `unpriced` counts requests of unknown cost."""

writers: Final = Table(
    "gateway_writers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("written_at", Float(53), nullable=False),
)
"""The last batch of usage that each process has written, so that none is counted twice."""
