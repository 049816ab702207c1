import { isRecord } from '@toolmesh/shared/kit/json/is-record';

type Description = Readonly<Record<string, unknown>>;

/** The commands that run a package, by its registry. */
const RUNNERS: Readonly<Record<string, string>> = { npm: 'npx', pypi: 'uvx', oci: 'docker', nuget: 'dnx' };

/** Returns whether a value is a `server.json` of the MCP registry. */
export const isRegistryServer = (value: unknown): value is Description =>
  isRecord(value) && (Array.isArray(value['packages']) || Array.isArray(value['remotes']));

/**
 * Returns the entry that a `server.json` describes: its first package that a command runs, else its first remote. What it
 * leaves to its user becomes a variable by the same name. The older spelling of its keys (`registry_type`) is read, too.
 */
export function registryEntry(server: Description): Record<string, unknown> {
  const packages = records(server, 'packages');
  const runnable = packages.find((one) => transportOf(one) === 'stdio' && runnerOf(one) !== undefined);
  const [remote] = records(server, 'remotes');
  const description = text(server, 'description');
  const about = description === undefined ? {} : { description };
  if (runnable !== undefined) return { ...about, ...commandFor(runnable) };
  if (remote !== undefined) return { ...about, ...remoteEntry(remote) };
  return about;
}

/** Returns a field under its name, or under the same in snake_case. */
function field(object: Description, name: string): unknown {
  return object[name] ?? object[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

function text(object: Description, name: string): string | undefined {
  const value = field(object, name);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function records(object: Description, name: string): readonly Description[] {
  const value = field(object, name);
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isRecord);
}

function transportOf(one: Description): string {
  const transport = field(one, 'transport');
  return (isRecord(transport) ? text(transport, 'type') : undefined) ?? 'stdio';
}

function runnerOf(one: Description): string | undefined {
  const registry = text(one, 'registryType') ?? text(one, 'registryName') ?? '';
  return text(one, 'runtimeHint') ?? (Object.hasOwn(RUNNERS, registry) ? RUNNERS[registry] : undefined);
}

function commandFor(one: Description): Record<string, unknown> {
  const runner = runnerOf(one) ?? '';
  const env = Object.fromEntries(records(one, 'environmentVariables').flatMap(variableOf));
  const given = argumentsOf(one, 'runtimeArguments');
  return {
    command: runner,
    args: [
      ...startOf(runner, given, Object.keys(env)),
      packageOf(runner, one),
      ...argumentsOf(one, 'packageArguments'),
    ],
    env,
  };
}

/** Returns the arguments between a runner and its package. */
function startOf(runner: string, given: readonly string[], variables: readonly string[]): readonly string[] {
  if (runner === 'npx') return given.includes('-y') || given.includes('--yes') ? given : ['-y', ...given];
  if (runner === 'dnx') return given.includes('--yes') ? given : ['--yes', ...given];
  if (runner !== 'docker') return given;
  const named = variables.filter((name) => !given.some((argument) => argument.split('=')[0] === name));
  const rest = given[0] === 'run' ? given.slice(1) : given;
  return [
    'run',
    ...['-i', '--rm'].filter((flag) => !rest.includes(flag)),
    ...rest,
    ...named.flatMap((name) => ['-e', name]),
  ];
}

function packageOf(runner: string, one: Description): string {
  const name = text(one, 'identifier') ?? text(one, 'name') ?? '';
  const version = text(one, 'version');
  if (version === undefined || version === 'latest') return name;
  if (runner === 'uvx') return name.includes('==') ? name : `${name}==${version}`;
  const separator = runner === 'docker' ? ':' : '@';
  return name.slice(1).includes(separator) ? name : `${name}${separator}${version}`;
}

function argumentsOf(one: Description, key: string): readonly string[] {
  return records(one, key).flatMap((argument) => {
    const name = text(argument, 'name');
    const value = valueOf(argument, text(argument, 'valueHint') ?? name ?? 'ARGUMENT');
    const isNamed = text(argument, 'type') === 'named' && name !== undefined;
    if (!isNamed) return value === undefined ? [] : [value];
    const isFlag = field(argument, 'valueHint') === undefined && field(argument, 'format') === 'boolean';
    if (value === undefined) return argument['isRequired'] === true ? [name] : [];
    return isFlag ? (value === 'true' ? [name] : []) : [name, value];
  });
}

function variableOf(variable: Description): [string, string][] {
  const name = text(variable, 'name');
  if (name === undefined) return [];
  return [[name, valueOf(variable, name) ?? `\${${name}:-}`]];
}

function remoteEntry(remote: Description): Record<string, unknown> {
  const url = substituted(text(remote, 'url') ?? '', remote);
  const headers = records(remote, 'headers').flatMap((header): [string, string][] => {
    const name = text(header, 'name');
    return name === undefined ? [] : [[name, valueOf(header, name) ?? `\${${variableName(name)}:-}`]];
  });
  return { type: text(remote, 'type') ?? text(remote, 'transportType'), url, headers: Object.fromEntries(headers) };
}

/** Returns the fixed value of an input, its default, or the variable that it has to be in; undefined if it may be missing. */
function valueOf(input: Description, name: string): string | undefined {
  const fixed = text(input, 'value');
  if (fixed !== undefined) return substituted(fixed, input);
  const fallback = text(input, 'default');
  const isRequired = field(input, 'isRequired') === true;
  const variable = variableName(name);
  // Not the variable: names such as PORT have a meaning for the hub itself.
  if (fallback !== undefined) return fallback;
  return isRequired ? `\${${variable}}` : undefined;
}

/** Replaces `{name}` by what `variables` says about it. */
function substituted(value: string, input: Description): string {
  const declared = input['variables'];
  if (!isRecord(declared)) return value;
  return value.replaceAll(/\{([\w-]+)\}/g, (whole, name: string) => {
    const variable = declared[name];
    return isRecord(variable) ? (valueOf(variable, name) ?? `\${${variableName(name)}:-}`) : whole;
  });
}

/** Returns the name of the variable that holds the value of an input: `api-key` is in `API_KEY`. */
export const variableName = (id: string): string =>
  id
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/\W+/g, '_')
    .replaceAll(/^_|_$/g, '')
    .toUpperCase();
