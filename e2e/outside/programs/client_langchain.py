"""LangChain's adapters at the hub. Argument: the hub's MCP address."""

import asyncio
import sys

from langchain_mcp_adapters.client import MultiServerMCPClient
from steps import step


async def main(url: str) -> None:
    client = MultiServerMCPClient({"hub": {"transport": "streamable_http", "url": url}})
    tools = {}
    async with step("list"):
        tools = {tool.name: tool for tool in await client.get_tools()}
        assert "echo" in tools
    async with step("call"):
        assert "hi" in str(await tools["echo"].ainvoke({"message": "hi"}))
    async with step("structured result"):
        assert "temperature" in str(await tools["get-structured-content"].ainvoke({"location": "New York"}))
    async with step("prompts"):
        assert await client.get_prompt("hub", "simple-prompt")
    async with step("resources"):
        assert await client.get_resources("hub", uris="demo://resource/dynamic/text/1")


asyncio.run(main(sys.argv[1]))
