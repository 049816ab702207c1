import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { problemsOf } from '../faults/errors.ts';

/** sysexits.h EX_CONFIG: what a service exits with when its settings are wrong. */
export const EXIT_CONFIG = 78;

/** Settings that cannot be used: one line per problem, all of them at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** A comma-separated list; blanks are dropped. */
export const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** Metadata of a setting that is a secret, or may hold one, as an address with a password does. */
export const SECRET = { isSecret: true } as const;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** The setting for the largest request body, which takes `mib` MiB by default. */
export const bodyBytes = (mib: number) =>
  z.coerce
    .number()
    .int()
    .min(1_024)
    .max(1_024 ** 3)
    .default(mib * 1_024 ** 2)
    .describe('Largest request body. Files for programs pass through chat service, hub and code executor, too.');

const ACCESS_SHAPE = {
  CORS_ORIGINS: commaList
    .refine((origins) => !origins.includes('*'), 'must name the origins; * would let every page call')
    .default([])
    .describe('Web origins that may call, separated by commas. Default: any port of localhost and 127.0.0.1.'),
  ALLOWED_HOSTS: commaList
    .default([])
    .describe(
      'Host names that the service answers to, separated by commas. Default: loopback names on loopback, any name elsewhere, where a key is asked for. Probes are answered under any address.',
    ),
  API_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('Key that callers must send as `X-API-Key` or `Authorization: Bearer`.')
    .meta(SECRET),
  AUTH: z
    .enum(['none'])
    .optional()
    .describe('`none` lets a service without a key listen beyond loopback, for the names in `ALLOWED_HOSTS`.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'an http or https URL' })
    .optional()
    .describe('OpenTelemetry collector that traces are sent to, over HTTP. Nothing is recorded without it.')
    .meta(SECRET),
};

/** The settings that every service has (contract, section 8). Descriptions become the tables of the documentation. */
const baseShape = (port: number) => ({
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address to listen on. Beyond loopback the service needs `API_KEY`, or `AUTH=none` and `ALLOWED_HOSTS`.'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(port).describe('Port to listen on.'),
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(z.enum(LOG_LEVELS))
    .default('info')
    .describe(`Least severe level that is logged: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}.`),
  MAX_BODY_BYTES: bodyBytes(1),
  MAX_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(16)
    .max(1_000_000)
    .optional()
    .describe(
      'Most open connections, by default 4096, and fewer where the process may open fewer files. Half of them may be without a request yet, a quarter from one address.',
    ),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'an http or https URL' })
    .transform((url) => url.replace(/(?<!\/)\/+$/, ''))
    .optional()
    .describe(
      'Address by which callers reach this service, such as `https://tools.example.com`: URLs of files begin with it. Default: that of each request.',
    ),
  SHUTDOWN_GRACE_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(600_000)
    .default(10_000)
    .describe('How long running requests may take to end when the service stops.'),
  ...ACCESS_SHAPE,
});

export type BaseConfig = z.output<z.ZodObject<ReturnType<typeof baseShape>>>;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

export const isLoopback = (host: string): boolean => LOOPBACK.has(host);

/** The settings of one service: what all of them have, a default port, and `shape`. */
export function serviceConfig<Shape extends z.ZodRawShape>(port: number, shape: Shape) {
  return z.object({ ...baseShape(port), ...shape });
}

export type ServiceConfig = ReturnType<typeof serviceConfig<{}>>;

/** Returns the names of the settings that are not secret: `/proc/PID/environ` may show them. */
export const openSettings = (schema: z.ZodObject): ReadonlySet<string> =>
  new Set(Object.keys(schema.shape).filter((name) => !isSecret(schema.shape[name])));

const isSecret = (setting: unknown): boolean =>
  setting instanceof z.ZodType && z.globalRegistry.get(setting)?.['isSecret'] === true;

/**
 * Reads and validates the environment, once, at start-up. An empty variable counts as absent; for every setting
 * `NAME`, `NAME_FILE` may name a file that holds the value (secrets in containers).
 * @throws ConfigError that lists every problem, so that a deployment is fixed in one pass.
 */
export function loadConfig<T extends z.ZodObject>(schema: T, env: NodeJS.ProcessEnv): z.output<T> {
  const { values, problems } = readValues(Object.keys(schema.shape), env);
  const parsed = schema.safeParse(values);
  if (!parsed.success) problems.push(...problemsOf(parsed.error).map(({ path, message }) => `${path}: ${message}`));
  problems.push(...exposureProblems(values));
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigError(problems.join('\n'));
}

function readValues(names: readonly string[], env: NodeJS.ProcessEnv) {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of names) {
    const value = env[name];
    const file = env[`${name}_FILE`];
    if (value !== undefined && value !== '') values[name] = value;
    else if (file !== undefined && file !== '') {
      const read = readSettingFile(file);
      if (read.problem !== undefined) problems.push(`${name}_FILE: ${read.problem}`);
      if (read.value !== undefined) values[name] = read.value;
    }
  }
  return { values, problems };
}

/** A device such as /dev/null stands for no file: containers mount one for each secret. An empty file is a mistake. */
function readSettingFile(path: string): { readonly value?: string; readonly problem?: string } {
  try {
    if (statSync(path).isCharacterDevice()) return {};
    const value = readFileSync(path, 'utf8').trim();
    return value === '' ? { problem: 'the file is empty' } : { value };
  } catch {
    return { problem: 'the file cannot be read' };
  }
}

/**
 * Safe by default: a service that others can reach has a key, or its operator said aloud that it has none. Without a key,
 * only the names that it is called by keep a web page from reaching it under a name of the page's own (DNS rebinding).
 */
function exposureProblems({ HOST, API_KEY, AUTH, ALLOWED_HOSTS = '' }: Record<string, string>): readonly string[] {
  if (HOST === undefined || isLoopback(HOST) || API_KEY !== undefined) return [];
  const reachable = `needed because HOST=${HOST} is reachable from outside`;
  if (AUTH !== 'none') return [`API_KEY: ${reachable}; set API_KEY, or AUTH=none and ALLOWED_HOSTS to go without`];
  if (commaList.parse(ALLOWED_HOSTS).length > 0) return [];
  return [
    `ALLOWED_HOSTS: ${reachable} and AUTH=none asks for no key; set it to the names and addresses that callers use, ` +
      'such as ALLOWED_HOSTS=localhost,tools.example.com,192.168.1.20, or set API_KEY',
  ];
}
