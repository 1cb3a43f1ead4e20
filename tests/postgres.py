"""Databases of a test's own on a PostgreSQL server."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg


@asynccontextmanager
async def databases(server: str, count: int) -> AsyncGenerator[list[str]]:
    """Create empty databases; drop them afterwards."""
    base = server.rstrip("/")
    admin = await asyncpg.connect(f"{base}/postgres")
    names = [f"medkabinet_{uuid.uuid4().hex[:12]}" for _ in range(count)]
    try:
        for name in names:
            await admin.execute(f"create database {name} template template0 encoding 'UTF8'")
        yield [f"{base}/{name}" for name in names]
    finally:
        for name in names:
            await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()
