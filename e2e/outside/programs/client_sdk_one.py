"""The Python SDK's first version as a client of the hub. Argument: the hub's MCP address."""

import asyncio
import sys

from mcp import ClientSession, types
from mcp.client.streamable_http import streamablehttp_client
from steps import step

asked = []


async def elicit(_context, params):
    asked.append("elicitation")
    return types.ElicitResult(action="accept", content={"name": "Ada", "check": True})


async def sample(_context, params):
    asked.append("sampling")
    content = types.TextContent(type="text", text="Paris")
    return types.CreateMessageResult(role="assistant", content=content, model="test", stopReason="endTurn")


async def roots(_context):
    asked.append("roots")
    return types.ListRootsResult(roots=[types.Root(uri="file:///work", name="work")])


async def main(url: str) -> None:
    async with streamablehttp_client(url) as (read, write, _):
        answers = {"elicitation_callback": elicit, "sampling_callback": sample, "list_roots_callback": roots}
        async with ClientSession(read, write, **answers) as session:
            await session.initialize()
            async with step("list"):
                assert "echo" in [tool.name for tool in (await session.list_tools()).tools]
            async with step("call"):
                result = await session.call_tool("echo", {"message": "hi"})
                assert "hi" in result.content[0].text
            async with step("progress"):
                seen = []

                async def on_progress(progress, total, message):
                    seen.append(progress)

                args = {"duration": 0.4, "steps": 2}
                await session.call_tool("trigger-long-running-operation", args, progress_callback=on_progress)
                assert seen == [1, 2], seen
            async with step("elicitation"):
                await session.call_tool("trigger-elicitation-request", {})
                assert "elicitation" in asked, asked
            async with step("sampling"):
                result = await session.call_tool("trigger-sampling-request", {"prompt": "capital?", "maxTokens": 10})
                assert "Paris" in result.content[0].text, result
            async with step("roots"):
                await session.call_tool("get-roots-list", {})
                assert "roots" in asked, asked
            async with step("cancel"):
                args = {"duration": 30, "steps": 3}
                call = asyncio.create_task(session.call_tool("trigger-long-running-operation", args))
                await asyncio.sleep(0.3)
                call.cancel()
                result = await session.call_tool("echo", {"message": "after"})
                assert "after" in result.content[0].text
            async with step("prompts"):
                prompt = await session.get_prompt("simple-prompt")
                assert prompt.messages
            async with step("resources"):
                assert (await session.read_resource("demo://resource/dynamic/text/1")).contents
            async with step("complete"):
                reference = types.PromptReference(type="ref/prompt", name="completable-prompt")
                completed = await session.complete(reference, {"name": "department", "value": "E"})
                assert "Engineering" in completed.completion.values, completed


asyncio.run(main(sys.argv[1]))
