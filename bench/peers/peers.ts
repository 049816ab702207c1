import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { installPython } from '@toolmesh/shared/test-kit/outside-packages';
import { Pool } from 'undici';
import { connectClient } from '../hub/clients.ts';
import { startHub } from '../hub/start-hub.ts';
import type { BenchServer } from '../servers.ts';
import { startPeer } from './start-peer.ts';

/** Something that brings an MCP server to its callers. */
export interface Peer {
  readonly name: string;
  /** The face of the hub that does the same. */
  readonly beside?: string;
  /** Installs and starts it before a server, and returns what calls its tool once. */
  readonly start: (upstream: string) => Promise<BenchServer & { readonly call: () => Promise<void> }>;
}

export const CONNECTIONS = 8;
export const HUB_MCP = 'hub, MCP 2025-06-18';
export const HUB_REST = 'hub, REST';

const ARGUMENTS = { text: 'hello' };

async function mcpClient(server: BenchServer) {
  const { call } = await connectClient({ url: server.url, era: '2025-06-18', tool: 'echo', connections: CONNECTIONS });
  return { ...server, call };
}

interface Post {
  readonly path: string;
  readonly body: object;
  readonly headers?: Record<string, string>;
}

function postClient(server: BenchServer, { path, body, headers = {} }: Post) {
  const pool = new Pool(server.url, { connections: CONNECTIONS });
  const text = JSON.stringify(body);
  const call = async () => {
    const all = { 'content-type': 'application/json', ...headers };
    const answer = await pool.request({ method: 'POST', path, headers: all, body: text });
    const said = await answer.body.text();
    if (answer.statusCode !== 200 || !said.includes(ARGUMENTS.text)) throw new Error(`${answer.statusCode}: ${said}`);
  };
  return { ...server, call };
}

let hub: Promise<BenchServer> | undefined;
const hubBefore = (upstream: string): Promise<BenchServer> => (hub ??= startHub({ one: { url: `${upstream}/mcp` } }));

export const PEERS: readonly Peer[] = [
  { name: HUB_MCP, start: async (upstream) => mcpClient(await hubBefore(upstream)) },
  {
    name: HUB_REST,
    start: async (upstream) =>
      postClient(await hubBefore(upstream), { path: '/tools/echo', body: { arguments: ARGUMENTS } }),
  },
  {
    name: 'mcpo 0.0.20, REST',
    beside: HUB_REST,
    async start(upstream) {
      // Newer ones of what it needs have dropped what it uses.
      const bin = await installPython('mcpo', ['mcpo==0.0.20', 'mcp<2', 'fastapi<0.120']);
      const args = [
        '--port',
        'PORT',
        '--host',
        '127.0.0.1',
        '--server-type',
        'streamable-http',
        '--',
        `${upstream}/mcp`,
      ];
      return postClient(await startPeer({ command: join(bin, 'mcpo'), args }), { path: '/echo', body: ARGUMENTS });
    },
  },
  {
    name: 'FastMCP 4.2.3, proxy',
    beside: HUB_MCP,
    async start(upstream) {
      const bin = await installPython('fastmcp', ['fastmcp==4.2.3', 'mcp==2.3.0']);
      const script = fileURLToPath(new URL('fastmcp_proxy.py', import.meta.url));
      return mcpClient(await startPeer({ command: join(bin, 'python'), args: [script, `${upstream}/mcp`, 'PORT'] }));
    },
  },
  { name: 'ContextForge 1.0.7, /rpc', beside: HUB_MCP, start: startContextForge },
];

const ADMIN = 'admin@example.org';

async function startContextForge(upstream: string) {
  const bin = await installPython('contextforge', ['mcp-contextforge-gateway==1.0.7.post20260921']);
  const secret = randomBytes(24).toString('hex');
  const env = {
    JWT_SECRET_KEY: secret,
    AUTH_ENCRYPTION_SECRET: secret,
    PLATFORM_ADMIN_EMAIL: ADMIN,
    PLATFORM_ADMIN_PASSWORD: `Ab1!${secret}`,
    DATABASE_URL: 'sqlite:///./gateway.db',
    MCPGATEWAY_UI_ENABLED: 'false',
    MCPGATEWAY_ADMIN_API_ENABLED: 'false',
    PLUGINS_ENABLED: 'false',
    CACHE_TYPE: 'memory',
    LOG_LEVEL: 'ERROR',
    SSRF_ALLOW_LOCALHOST: 'true',
    SSRF_ALLOW_PRIVATE_NETWORKS: 'true',
  };
  const args = ['--host', '127.0.0.1', '--port', 'PORT'];
  const server = await startPeer({ command: join(bin, 'mcpgateway'), args, env });
  const options = ['-m', 'mcpgateway.utils.create_jwt_token', '--username', ADMIN, '--exp', '600', '--secret', secret];
  const { stdout } = await promisify(execFile)(join(bin, 'python'), [...options, '--admin'], {
    env: { ...process.env, ...env },
  });
  const headers = { authorization: `Bearer ${stdout.trim().split('\n').at(-1)}` };
  const gateway = { name: 'up', url: `${upstream}/mcp`, transport: 'STREAMABLEHTTP' };
  const registered = await fetch(`${server.url}/gateways`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(gateway),
  });
  if (!registered.ok) throw new Error(`it refused the server: ${await registered.text()}`);
  const params = { name: 'up-echo', arguments: ARGUMENTS };
  return postClient(server, { path: '/rpc', headers, body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params } });
}
