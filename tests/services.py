"""Runs the suite again on PostgreSQL and Redis where they are there; with CI=true it fails where they are not."""

import asyncio
import os
import subprocess
import sys

import asyncpg
import redis.asyncio

POSTGRES = os.environ.get("MEDKABINET_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
REDIS = os.environ.get("MEDKABINET_TEST_REDIS", "redis://127.0.0.1:6379")
SUITES = [
    "tests/actions",
    "tests/bench",
    "tests/gql",
    "tests/persistence",
    "tests/subscriptions",
    "tests/stories",
    "tests/integrations",
]


async def missing() -> list[str]:
    """Return which of the two services don't answer."""
    found = []
    try:
        connection = await asyncpg.connect(f"{POSTGRES}/postgres", timeout=3)
        await connection.close()
    except (OSError, asyncpg.PostgresError, TimeoutError):
        found.append("PostgreSQL")
    client = redis.asyncio.from_url(REDIS, socket_connect_timeout=3)
    try:
        await client.ping()
    except (OSError, redis.RedisError):
        found.append("Redis")
    await client.aclose()
    return found


def main() -> int:
    """Run; return pytest's exit code."""
    absent = asyncio.run(missing())
    if absent:
        print(f"not there: {', '.join(absent)}; the suite ran on SQLite only")  # noqa: T201
        return 1 if os.environ.get("CI") == "true" else 0
    suites = [suite for suite in SUITES if os.path.isdir(suite)]
    command = [sys.executable, "-m", "pytest", *sys.argv[1:], "--postgres", POSTGRES, "--redis", REDIS, *suites]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
