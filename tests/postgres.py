"""Databases of a test's own on a PostgreSQL server."""

import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import asyncpg


@asynccontextmanager
async def databases(server: str, count: int, like: Sequence[str] | None = None) -> AsyncGenerator[list[str]]:
    """Create databases, empty ones or copies of others to which nobody is connected; drop them afterwards."""
    base = server.rstrip("/")
    admin = await asyncpg.connect(f"{base}/postgres")
    names = [f"medkabinet_{uuid.uuid4().hex[:12]}" for _ in range(count)]
    molds = [url.rpartition("/")[2] for url in like] if like else ["template0"] * count
    try:
        for name, mold in zip(names, molds, strict=True):
            await admin.execute(f"create database {name} template {mold} encoding 'UTF8'")
        yield [f"{base}/{name}" for name in names]
    finally:
        for name in names:
            await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()
