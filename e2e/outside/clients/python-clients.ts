import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { program, python, versionOf } from '../parts.ts';
import type { Row } from '../report.ts';
import type { ClientCase } from './client-case.ts';

type Environment = Parameters<typeof python>[0];

interface Script {
  readonly name: string;
  readonly environment: Environment;
  /** The package whose client it uses. */
  readonly of: string;
  readonly version?: string;
  readonly file: string;
}

const SCRIPTS: readonly Script[] = [
  { name: 'Python SDK 1', environment: 'sdk-one', of: 'mcp', file: 'client_sdk_one.py' },
  { name: 'Python SDK 2', environment: 'fastmcp', of: 'mcp', version: '2.3.0', file: 'client_sdk_two.py' },
  { name: 'FastMCP', environment: 'fastmcp', of: 'fastmcp', file: 'client_fastmcp.py' },
  { name: 'LangChain', environment: 'agents', of: 'langchain-mcp-adapters', file: 'client_langchain.py' },
  { name: 'OpenAI Agents SDK', environment: 'agents', of: 'openai-agents', file: 'client_openai_agents.py' },
  { name: 'Pydantic AI', environment: 'agents', of: 'pydantic-ai-slim', file: 'client_pydantic_ai.py' },
];

/** Python programs that use the hub and print how each step went. */
export const PYTHON_CLIENTS: readonly ClientCase[] = SCRIPTS.map(({ name, environment, of, version, file }) => ({
  name,
  version: version ?? versionOf(of),
  use: async ({ hub, row }) => runScript(await python(environment), [program(file), `${hub}/mcp`], row),
}));

async function runScript(command: string, args: readonly string[], row: Row): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 180_000 });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2_000);
  });
  createInterface(child.stdout).on('line', (line) => {
    const { step, error } = JSON.parse(line);
    row.steps.push(step);
    if (error !== null) row.failures.push(`${step}: ${error}`);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) row.failures.push(`ended with ${code}: ${words.trim().slice(-600)}`);
}
