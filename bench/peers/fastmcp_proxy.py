"""FastMCP as a proxy. Arguments: the address of the MCP server behind it, and the port."""

import sys

from fastmcp.server import create_proxy

create_proxy(sys.argv[1]).run(transport="http", host="127.0.0.1", port=int(sys.argv[2]), show_banner=False)
