import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type ReadyServer, readyServers } from '../../services/mcp-server/src/mesh-config/ready/ready-servers.ts';
import { type MissingSetting, renderReady } from '../../services/mcp-server/src/mesh-config/ready/render-ready.ts';
import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';
import { checkEntry, unsetVariables } from './check-entry.ts';
import { CommandError } from './command-error.ts';
import { describeEntry } from './describe-entry.ts';
import { type MeshFile, openMeshFile, saveMeshFile, withEntry } from './mesh-file.ts';
import type { Surroundings } from './surroundings.ts';

/** The words after `add`. */
export interface AddOptions {
  readonly name: string;
  readonly url?: string | undefined;
  readonly openapi?: string | undefined;
  /** The program, then its arguments. */
  readonly command: readonly string[];
  /** Each `NAME=value`. */
  readonly env: readonly string[];
  /** Each `Name: value`. */
  readonly header: readonly string[];
  readonly transport?: string | undefined;
  readonly prefix?: string | undefined;
  readonly cwd?: string | undefined;
  readonly timeoutMs?: string | undefined;
  /** A ready server, where the entry shall have another name. */
  readonly from?: string | undefined;
  readonly force: boolean;
}

/** Adds an entry to mesh.json: the one that the options describe, or a ready server. @throws CommandError */
export async function add(options: AddOptions, around: Surroundings): Promise<void> {
  const { name, force } = options;
  const file = openMeshFile(around.path);
  if (!force) refuseKnown(file, name);
  const isOwn = options.url !== undefined || options.openapi !== undefined || options.command.length > 0;
  const ready = isOwn ? undefined : findReady(options.from ?? name);
  const entry = ready === undefined ? ownEntry(options) : await readyEntry(ready, options, around);
  const warnings = checkEntry(name, entry, around);
  saveMeshFile(withEntry(file, name, entry));
  around.print(`Added ${name} to ${around.path}: ${describeEntry({ name, path: [], value: entry })}`);
  for (const warning of warnings) around.print(`  Warning   ${warning}`);
  const unset = unsetVariables(name, entry, around);
  for (const variable of unset) around.print(`  Set       ${variable}=... in .env${whatIs(ready?.settings[variable])}`);
  for (const [title, text] of [...lackingProgram(entry, around.env), ...adviceOf(ready)])
    around.print(`  ${title.padEnd(9)} ${text}`);
  around.print(`  Try it    npm run mesh -- test ${name}`);
}

/** @throws CommandError when the file has an entry of this name */
function refuseKnown({ path, entries }: MeshFile, name: string): void {
  if (!entries.some((entry) => entry.name === name)) return;
  throw new CommandError(`${path} has an entry ${JSON.stringify(name)}. --force replaces it; or choose another name.`);
}

/** Returns what to install where the program of an entry is not in PATH. */
function lackingProgram(
  { command }: { readonly command?: unknown },
  env: NodeJS.ProcessEnv,
): readonly (readonly [string, string])[] {
  const isName = typeof command === 'string' && /^[\w.-]+$/.test(command);
  const folders = (env['PATH'] ?? '').split(delimiter);
  if (!isName || folders.some((folder) => existsSync(join(folder, command)))) return [];
  return [
    [
      'Needs',
      command === 'uvx' ? 'uv, which is not installed here: pip install uv' : `${command}, which is not in PATH`,
    ],
  ];
}

const adviceOf = (ready: ReadyServer | undefined): readonly (readonly [string, string])[] => [
  ...(ready?.needs ?? []).map((need) => ['Needs', need] as const),
  ...(ready?.notes ?? []).map((text) => ['Note', text] as const),
];

function findReady(name: string): ReadyServer {
  const known = readyServers();
  const found = known.get(name);
  if (found !== undefined) return found;
  const near = nearestNames(name, known.keys(), { onlyNear: true });
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  throw new CommandError(
    `There is no ready server ${JSON.stringify(name)}.${hint} Give --url or --command for your own; npm run mesh -- catalogue lists what is ready.`,
  );
}

function ownEntry(options: AddOptions): Readonly<Record<string, unknown>> {
  const { url, openapi, transport, prefix, cwd, timeoutMs } = options;
  const [program, ...args] = options.command;
  const env = pairs(options.env, '=', '--env NAME=value');
  const headers = pairs(options.header, ':', '--header "Name: value"');
  const all = {
    url,
    openapi,
    transport,
    command: program,
    args: args.length === 0 ? undefined : args,
    env: Object.keys(env).length === 0 ? undefined : env,
    headers: Object.keys(headers).length === 0 ? undefined : headers,
    cwd,
    prefix,
    timeout_ms: timeoutMs === undefined ? undefined : Number(timeoutMs),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** @throws CommandError for a pair without its separator */
function pairs(given: readonly string[], separator: string, form: string): Record<string, string> {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.indexOf(separator);
      if (at < 1) throw new CommandError(`${JSON.stringify(pair)} has no "${separator}"; write ${form}.`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

/** Returns the entry of a ready server, after asking for what is missing. @throws CommandError that names what is */
async function readyEntry(
  ready: ReadyServer,
  options: AddOptions,
  around: Surroundings,
): Promise<Readonly<Record<string, unknown>>> {
  const given = new Map(Object.entries(pairs(options.env, '=', '--env NAME=value')));
  refuseSecrets(ready, given);
  const isSet = (variable: string): boolean => (around.env[variable] ?? '') !== '';
  const { missing } = renderReady(ready, { given, isSet });
  const open = missing.filter(({ secret }) => !secret);
  if (open.length > 0 && around.ask === undefined) throw new CommandError(describeMissing(options.name, missing));
  for (const setting of open) given.set(setting.name, await answerFor(setting, around));
  const { entry } = renderReady(ready, { given, isSet });
  return {
    description: ready.description,
    ...entry,
    ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
  };
}

function refuseSecrets({ settings }: ReadyServer, given: ReadonlyMap<string, string>): void {
  for (const name of given.keys()) {
    if (!Object.hasOwn(settings, name)) {
      const known = Object.keys(settings);
      throw new CommandError(
        `--env ${name}: this server has ${known.length === 0 ? 'no settings' : known.join(', ')}.`,
      );
    }
    if (settings[name]?.secret !== true) continue;
    throw new CommandError(`${name} is a secret: put it into .env, not on the command line. mesh.json refers to it.`);
  }
}

async function answerFor(setting: MissingSetting, { ask }: Surroundings): Promise<string> {
  const example = setting.example === undefined ? '' : `, such as ${setting.example}`;
  const answer = (await ask?.(`${setting.name} (${setting.description}${example}): `)) ?? '';
  if (answer === '') throw new CommandError(`${setting.name} is needed. Nothing was changed.`);
  return answer;
}

function describeMissing(name: string, missing: readonly MissingSetting[]): string {
  const width = Math.max(...missing.map((setting) => setting.name.length));
  const lines = missing.map((setting) => {
    const how = setting.secret ? `set ${setting.name} in .env` : `--env ${setting.name}=${setting.example ?? '...'}`;
    return `  ${setting.name.padEnd(width)}  ${how}${whatIs(setting)}`;
  });
  return `${name} needs more. Nothing was changed.\n${lines.join('\n')}`;
}

function whatIs(setting: Pick<MissingSetting, 'description' | 'where'> | undefined): string {
  if (setting === undefined) return '';
  return `: ${setting.description}${setting.where === undefined ? '' : ` (${setting.where})`}`;
}
