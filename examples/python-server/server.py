"""An MCP server in Python. The hub starts it, pools it and offers its tools with those of the mesh.

    python3 -m venv .venv && .venv/bin/pip install -r examples/python-requirements.txt

Then copy the entry of `mesh.json` beside this file into the `mesh.json` of the project. A mesh that runs reads it at
once; there is nothing to restart.
"""

from mcp.server import MCPServer

server = MCPServer("words")


@server.tool()
def count_words(text: str) -> dict[str, int]:
    """Counts the words of a text and how many of them differ."""
    words = text.lower().split()
    return {"words": len(words), "different": len(set(words))}


if __name__ == "__main__":
    server.run()
