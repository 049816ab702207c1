"""Pydantic AI at the hub. Argument: the hub's MCP address."""

import asyncio
import sys

from pydantic_ai.mcp import MCPToolset
from steps import step


async def main(url: str) -> None:
    async with MCPToolset(url) as toolset:
        async with step("list"):
            assert "echo" in [tool.name for tool in await toolset.list_tools()]
        async with step("call"):
            assert "hi" in str(await toolset.direct_call_tool("echo", {"message": "hi"}))
        async with step("structured result"):
            result = await toolset.direct_call_tool("get-structured-content", {"location": "New York"})
            assert "temperature" in str(result), result


asyncio.run(main(sys.argv[1]))
