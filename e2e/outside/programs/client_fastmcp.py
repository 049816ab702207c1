"""FastMCP's client at the hub. Argument: the hub's MCP address."""

import asyncio
import sys

from fastmcp import Client
from steps import step

asked = []


async def elicit(message, response_type, params, context):
    asked.append("elicitation")
    return {"name": "Ada", "check": True}


async def main(url: str) -> None:
    async with Client(url, elicitation_handler=elicit) as client:
        async with step("list"):
            assert "echo" in [tool.name for tool in await client.list_tools()]
        async with step("call"):
            assert "hi" in (await client.call_tool("echo", {"message": "hi"})).content[0].text
        async with step("structured result"):
            result = await client.call_tool("get-structured-content", {"location": "New York"})
            assert result.structured_content["temperature"], result
        async with step("progress"):
            seen = []

            async def on_progress(progress, total, message):
                seen.append(progress)

            args = {"duration": 0.4, "steps": 2}
            await client.call_tool("trigger-long-running-operation", args, progress_handler=on_progress)
            assert seen == [1, 2], seen
        async with step("elicitation"):
            await client.call_tool("trigger-elicitation-request", {})
            assert asked == ["elicitation"], asked
        async with step("prompts"):
            assert (await client.get_prompt("simple-prompt")).messages
        async with step("resources"):
            assert await client.read_resource("demo://resource/dynamic/text/1")


asyncio.run(main(sys.argv[1]))
