import { readFileSync } from 'node:fs';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import { problemsOf } from '@toolmesh/shared/kit/faults/errors';
import { z } from 'zod';

const NamePart = z.string().regex(/^[A-Za-z0-9_-]{1,48}$/, '1 to 48 of A-Z, a-z, 0-9, _ and -');
const milliseconds = z.int().min(1);

/** Timeouts of a single tool. */
const ToolTimeouts = z.strictObject({
  timeout_ms: milliseconds.optional(),
  total_timeout_ms: milliseconds.optional(),
});

/** Settings of upstreams of every kind. */
const Common = {
  /** Leaves the upstream out but keeps its entry. */
  disabled: z.boolean().default(false),
  /** The hub is ready only while this upstream is up. Else it is ready without it, and says that it is degraded. */
  required: z.boolean().default(false),
  /** Ignored: other programs that read this format write it. */
  type: z.enum(['http', 'streamable-http', 'stdio']).optional(),
  /** Prefix of the names of its tools and prompts. */
  prefix: NamePart.optional(),
  /** The only tools to offer, by the upstream's own names. */
  include: z.array(z.string()).optional(),
  /** Tools not to offer. */
  exclude: z.array(z.string()).optional(),
  /** Idle timeout of a call, in milliseconds. Default: MCP_REQUEST_TIMEOUT. */
  timeout_ms: milliseconds.optional(),
  /** Total timeout of a call, whatever its progress. Default: an hour. */
  total_timeout_ms: milliseconds.optional(),
  /** Time limit to connect, or to start. */
  connect_timeout_ms: milliseconds.optional(),
  /** Timeouts of single tools, by the upstream's own names. */
  tools: z.record(z.string(), ToolTimeouts).default({}),
  /** Calls at the same time; as many again may wait, further ones are turned away. */
  max_concurrency: z.int().min(1).max(10_000).default(256),
  /** Sent with each HTTP request; headers with an empty value are left out. */
  headers: z
    .record(z.string(), z.string())
    .default({})
    .transform((headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))),
};

const httpUrl = z.url({ protocol: /^https?$/, error: 'an http or https URL' });

/** An MCP server over Streamable HTTP. */
const UrlUpstream = z
  .strictObject({ url: httpUrl, ...Common })
  .transform((config) => ({ kind: 'url' as const, ...config }));

/** The jail of a command: what it may see and do. Default: a jail where one can be had. */
const Sandbox = z.strictObject({
  /** True demands a jail: without one the command is not started. False runs it without. */
  enabled: z.boolean().optional(),
  /** Lets it write to its own folder and /tmp only. */
  read_only: z.boolean().default(false),
  /** Folders and files that it sees besides those in its arguments; `:ro` at the end makes one read-only. */
  folders: z.array(z.string().min(1)).default([]),
  /** False leaves it without network. */
  network: z.boolean().default(true),
});

/** An MCP server over standard input and output, as a pool of processes. */
const CommandUpstream = z
  .strictObject({
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    cwd: z.string().optional(),
    sandbox: Sandbox.prefault({}),
    /** Processes: at least and at most. Default: MIN_WORKERS and MAX_WORKERS. */
    workers: z
      .strictObject({ min: z.int().min(0).max(256).optional(), max: z.int().min(1).max(256).optional() })
      .default({}),
    ...Common,
  })
  .refine(({ workers: { min = 0, max = Infinity } }) => min <= max, { path: ['workers'], error: 'min is above max' })
  .transform((config) => ({ kind: 'command' as const, ...config }));

/** A REST service with an OpenAPI document, whose operations become tools. */
const OpenApiUpstream = z
  .strictObject({
    /** URL or path of the document. */
    openapi: z.string().min(1),
    /** The service's URL, if it is not the document's server. */
    base_url: httpUrl.optional(),
    ...Common,
  })
  .transform((config) => ({ kind: 'openapi' as const, ...config }));

export type UrlConfig = z.output<typeof UrlUpstream>;
export type CommandConfig = z.output<typeof CommandUpstream>;
export type OpenApiConfig = z.output<typeof OpenApiUpstream>;
export type UpstreamConfig = UrlConfig | CommandConfig | OpenApiConfig;

const KINDS = { url: UrlUpstream, command: CommandUpstream, openapi: OpenApiUpstream } as const;

/** Selects the kind by the key that is present, so that problems are reported in terms of that kind alone. */
const AnyUpstream = z.record(z.string(), z.unknown()).transform((value, context): UpstreamConfig => {
  const kinds = (['url', 'command', 'openapi'] as const).filter((kind) => kind in value);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const came = kinds.length > 1 ? `both ${kinds.join(' and ')}` : 'none of them';
    context.issues.push({
      code: 'custom',
      message: `needs one of url, command and openapi; has ${came}`,
      input: value,
    });
    return z.NEVER;
  }
  const parsed = KINDS[kind].safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of problemsOf(parsed.error)) {
    context.issues.push({ code: 'custom', path: path === '' ? [] : path.split('.'), message, input: value });
  }
  return z.NEVER;
});

const MeshConfig = z.strictObject({ mcpServers: z.record(NamePart, AnyUpstream) });
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

/** Substitutes variables in every string of `value`. One that is not set and has no fallback is a problem. */
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
