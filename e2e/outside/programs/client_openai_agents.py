"""The OpenAI Agents SDK at the hub. Argument: the hub's MCP address."""

import asyncio
import sys

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStreamableHttp, MCPUtil
from steps import step


async def main(url: str) -> None:
    async with MCPServerStreamableHttp({"url": url}, client_session_timeout_seconds=30) as server:
        async with step("list"):
            assert "echo" in [tool.name for tool in await server.list_tools()]
        async with step("call"):
            assert "hi" in (await server.call_tool("echo", {"message": "hi"})).content[0].text
        async with step("strict function tools"):
            agent = Agent(name="agent", mcp_servers=[server])
            tools = await MCPUtil.get_function_tools(server, True, RunContextWrapper(None), agent)
            assert "echo" in [tool.name for tool in tools]
        async with step("prompts"):
            assert (await server.get_prompt("simple-prompt")).messages


asyncio.run(main(sys.argv[1]))
