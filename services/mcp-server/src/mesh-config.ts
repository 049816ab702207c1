import { readFileSync } from 'node:fs';
import { ConfigError } from '@toolmesh/shared/config';
import { problemsOf } from '@toolmesh/shared/errors';
import { z } from 'zod';

const NamePart = z.string().regex(/^[A-Za-z0-9_-]{1,48}$/, '1 to 48 of A-Z, a-z, 0-9, _ and -');

const UpstreamConfig = z.strictObject({
  /** The URL of an MCP server over Streamable HTTP. */
  url: z.url({ protocol: /^https?$/, error: 'an http or https URL' }),
  /** Stands before the name of each of its tools. */
  prefix: NamePart.optional(),
  /** The only tools to offer, by the names that the upstream gives them. */
  include: z.array(z.string()).optional(),
  /** Tools not to offer. */
  exclude: z.array(z.string()).optional(),
  /** How long one of its calls may be silent, in milliseconds. Default: MCP_REQUEST_TIMEOUT. */
  timeout_ms: z.int().min(1).optional(),
  /** Sent with each request; one whose value is empty is left out. */
  headers: z.record(z.string(), z.string()).default({}),
});
export type UpstreamConfig = z.output<typeof UpstreamConfig>;

const MeshConfig = z.strictObject({ mcpServers: z.record(NamePart, UpstreamConfig) });
export type MeshConfig = z.output<typeof MeshConfig>;

/**
 * Reads mesh.json. In its values `${NAME}` and `${NAME:-fallback}` stand for environment variables.
 * @throws ConfigError that lists every problem.
 */
export function loadMeshConfig(path: string, env: NodeJS.ProcessEnv): MeshConfig {
  const problems: string[] = [];
  const parsed = MeshConfig.safeParse(expand(parseFile(path), env, problems));
  if (!parsed.success)
    problems.push(...problemsOf(parsed.error).map((problem) => `${problem.path}: ${problem.message}`));
  if (!parsed.success || problems.length > 0) throw new ConfigError(`MESH_CONFIG: ${path}\n${problems.join('\n')}`);
  return parsed.data;
}

function parseFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(`MESH_CONFIG: ${path} cannot be read`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`MESH_CONFIG: ${path} is not valid JSON: ${Error.isError(error) ? error.message : ''}`);
  }
}

/** Puts variables into every string of `value`; a variable that is not set and has no fallback is a problem. */
function expand(value: unknown, env: NodeJS.ProcessEnv, problems: string[]): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_text, name: string, fallback: string | undefined) => {
      const found = env[name] || fallback;
      if (found === undefined) problems.push(`\${${name}}: this variable is not set`);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item) => expand(item, env, problems));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, env, problems)]));
}
