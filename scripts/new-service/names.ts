import type { ServiceRow } from '../../mesh/services.ts';

/** A new service and its first tool: every name and number that the files need. */
export interface NewService {
  /** As folder, container and host name: `dice`. */
  readonly name: string;
  readonly port: number;
  /** As models call it: `roll_dice`. */
  readonly tool: string;
  /** The tool's file without its extension: `roll-dice`. */
  readonly toolFile: string;
  /** The tool as a constant in code: `rollDice`. */
  readonly toolConstant: string;
  /** The service as a constant in code: `dice`. */
  readonly constant: string;
  readonly version: string;
  /** The packages it imports, with their ranges. */
  readonly dependencies: Readonly<Record<string, string>>;
}

/** A name that cannot be used. The message says why and names the alternative. */
export class NameError extends Error {
  override readonly name = 'NameError';
}

const SERVICE_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const TOOL_NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
/** Host names are limited to 63 characters, tool names at some providers to 64. */
const MAX_NAME_LENGTH = 40;
/** Workspaces and build stages that are not services. */
const RESERVED = [
  'shared',
  'e2e',
  'bench',
  'soak',
  'examples',
  'chat-page',
  'manifests',
  'dependencies',
  'page',
  'base',
];
/** Words that are valid in a name and not as a constant. */
const KEYWORDS = new Set(
  'await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
);

/** The state of the repository that a new service has to fit into. */
interface Existing {
  readonly services: readonly ServiceRow[];
  /** The text of docker-compose.yml. */
  readonly composeFile: string;
  /** The manifest of the kit: a new service has the same version and the same zod. */
  readonly kit: { readonly version: string; readonly dependencies: { readonly zod: string } };
}

/** Checks the names against those that exist, and gives the service the next free port. @throws NameError */
export function describeService(words: readonly string[], { services, composeFile, kit }: Existing): NewService {
  const [name = '', tool = `use_${name.replaceAll('-', '_')}`, ...rest] = words;
  if (rest.length > 0) throw new NameError(`Expected a name and a tool; got ${words.length} words.`);
  refuseBadName(name, { pattern: SERVICE_NAME, shape: 'lower-case words joined by hyphens, such as "unit-converter"' });
  refuseBadName(tool, { pattern: TOOL_NAME, shape: 'lower-case words joined by underscores, such as "roll_dice"' });
  const isTaken =
    RESERVED.includes(name) || composeFile.includes(`\n  ${name}:\n`) || composeFile.includes(`\n  ${name}: {`);
  if (isTaken || services.some((row) => row.name === name)) throw new NameError(`The name "${name}" is taken.`);
  const owner = services.find(({ tools }) => tools.includes(tool));
  if (owner !== undefined) throw new NameError(`The tool "${tool}" exists already, in ${owner.name}.`);
  return {
    name,
    tool,
    port: Math.max(...services.map(({ port }) => port)) + 1,
    toolFile: tool.replaceAll('_', '-'),
    toolConstant: camelCase(tool),
    constant: name.replaceAll('-', '_') === tool ? `${camelCase(name)}Service` : camelCase(name),
    version: kit.version,
    dependencies: { '@toolmesh/shared': '*', zod: kit.dependencies.zod },
  };
}

function refuseBadName(name: string, { pattern, shape }: { pattern: RegExp; shape: string }): void {
  if (name === '') throw new NameError('The service needs a name.');
  if (!pattern.test(name)) throw new NameError(`"${name}" is not a usable name: expected ${shape}.`);
  if (name.length > MAX_NAME_LENGTH) throw new NameError(`"${name}" is longer than ${MAX_NAME_LENGTH} characters.`);
  if (KEYWORDS.has(name)) throw new NameError(`"${name}" is a word of the language and cannot name a constant.`);
}

const camelCase = (name: string): string =>
  name.replaceAll(/[-_](.)/g, (_match, letter: string) => letter.toUpperCase());
