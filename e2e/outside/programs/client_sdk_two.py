"""The Python SDK's second version as a client of the hub. Argument: the hub's MCP address."""

import asyncio
import sys

import mcp_types as types
from mcp.client.client import Client
from steps import report, step

asked = []


async def elicit(_context, params):
    asked.append("elicitation")
    return types.ElicitResult(action="accept", content={"name": "Ada", "check": True})


async def sample(_context, params):
    asked.append("sampling")
    content = types.TextContent(type="text", text="Paris")
    return types.CreateMessageResult(role="assistant", content=content, model="test", stop_reason="endTurn")


async def main(url: str) -> None:
    async with Client(url, elicitation_callback=elicit, sampling_callback=sample) as client:
        report(f"negotiates {client.protocol_version}")
        async with step("list"):
            assert "echo" in [tool.name for tool in (await client.list_tools()).tools]
        async with step("call"):
            result = await client.call_tool("echo", {"message": "hi"})
            assert "hi" in result.content[0].text
        async with step("progress"):
            seen = []

            async def on_progress(progress, total, message):
                seen.append(progress)

            args = {"duration": 0.4, "steps": 2}
            await client.call_tool("trigger-long-running-operation", args, progress_callback=on_progress)
            assert seen == [1, 2], seen
        async with step("elicitation"):
            await client.call_tool("trigger-elicitation-request", {})
            assert "elicitation" in asked, asked
        async with step("prompts"):
            assert (await client.get_prompt("simple-prompt")).messages
        async with step("resources"):
            assert (await client.read_resource("demo://resource/dynamic/text/1")).contents


asyncio.run(main(sys.argv[1]))
