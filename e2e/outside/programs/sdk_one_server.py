"""A server by the Python SDK's first version. Arguments: the transport (streamable-http or sse), the port, `stateless`."""

import sys

from mcp.server.fastmcp import Context, FastMCP

transport, port, *flags = sys.argv[1:]
server = FastMCP("sdk-one", host="127.0.0.1", port=int(port), stateless_http="stateless" in flags)


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
async def count(steps: int, ctx: Context) -> str:
    """Reports progress for each step."""
    for step in range(steps):
        await ctx.report_progress(step + 1, steps)
    return f"counted to {steps}"


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ValueError("not today")


@server.resource("note://first")
def note() -> str:
    return "the first note"


@server.prompt()
def greet(name: str) -> str:
    return f"Say hello to {name}."


server.run(transport=transport)
