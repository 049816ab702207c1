"""Prints one line of JSON for each step of a client: its name, and what went wrong if anything did."""

import asyncio
import contextlib
import json


def report(step: str, error: str | None = None) -> None:
    print(json.dumps({"step": step, "error": error}), flush=True)


@contextlib.asynccontextmanager
async def step(name: str, seconds: float = 60):
    """Reports a step, which fails with an exception or after some time; what follows is run all the same."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except Exception as error:  # noqa: BLE001 - every failure is reported
        report(name, f"{type(error).__name__}: {error}"[:500])
    else:
        report(name)
