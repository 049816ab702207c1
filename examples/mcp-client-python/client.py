"""An MCP client of the hub, in Python.

    python3 -m venv .venv && .venv/bin/pip install -r examples/python-requirements.txt
    npm start, and in a second terminal:   .venv/bin/python examples/mcp-client-python/client.py
"""

import asyncio
import os

from mcp import Client

HUB = os.environ.get("MCP_SERVER_URL", "http://localhost:8000")


async def main() -> None:
    async with Client(f"{HUB}/mcp") as client:
        for tool in (await client.list_tools()).tools:
            print(f"{tool.name}: {tool.description}")
        result = await client.call_tool("get_current_time", {"timezone": "Asia/Tokyo"})
        print(result.structured_content)


asyncio.run(main())
