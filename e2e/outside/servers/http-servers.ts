import { program, python, serve, versionOf } from '../parts.ts';
import type { ServerCase } from './server-case.ts';

interface Served {
  readonly name: string;
  readonly package: 'mcp' | 'fastmcp';
  readonly args: readonly string[];
  readonly path: string;
  readonly prefix: string;
}

const PROGRAMS = { mcp: ['sdk-one', 'sdk_one_server.py'], fastmcp: ['fastmcp', 'fastmcp_server.py'] } as const;

function served({ name, package: packageName, args, path, prefix }: Served): ServerCase {
  const [environment, file] = PROGRAMS[packageName];
  return {
    name,
    version: versionOf(packageName),
    tools: 3,
    entry: async () => ({ url: (await serve(await python(environment), [program(file), ...args])) + path, prefix }),
    calls: [
      { tool: `${prefix}add`, args: () => ({ a: 2, b: 40 }), says: /^42/ },
      { tool: `${prefix}count`, args: () => ({ steps: 3 }), says: /counted to 3/ },
      { tool: `${prefix}fail`, args: () => ({}), says: /not today/, isError: true },
      { tool: `${prefix}add`, args: () => ({ a: 'x', b: 40 }), says: /./, isError: true },
    ],
    offers: { prompt: `${prefix}greet`, promptArgs: { name: 'Ada' } },
  };
}

export const HTTP_SERVERS: readonly ServerCase[] = [
  served({
    name: 'Python SDK 1, Streamable HTTP',
    package: 'mcp',
    args: ['streamable-http', 'PORT'],
    path: '/mcp',
    prefix: 'py_',
  }),
  served({
    name: 'Python SDK 1, Streamable HTTP, stateless',
    package: 'mcp',
    args: ['streamable-http', 'PORT', 'stateless'],
    path: '/mcp',
    prefix: 'pyless_',
  }),
  served({
    name: 'Python SDK 1, HTTP+SSE of 2024',
    package: 'mcp',
    args: ['sse', 'PORT'],
    path: '/sse',
    prefix: 'pysse_',
  }),
  served({
    name: 'FastMCP, Streamable HTTP',
    package: 'fastmcp',
    args: ['http', 'PORT'],
    path: '/mcp',
    prefix: 'fast_',
  }),
  served({
    name: 'FastMCP, HTTP+SSE of 2024',
    package: 'fastmcp',
    args: ['sse', 'PORT'],
    path: '/sse',
    prefix: 'fastsse_',
  }),
];
