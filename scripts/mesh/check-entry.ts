import { dirname, resolve } from 'node:path';
import { parseEntry } from '../../services/mcp-server/src/mesh-config/parse-entry.ts';
import { namesIn } from '../../services/mcp-server/src/mesh-config/variables/variable-names.ts';
import { CommandError } from './command-error.ts';
import type { Surroundings } from './surroundings.ts';

/** Checks an entry before it is written. @throws CommandError that lists what is wrong with it */
export function checkEntry(name: string, value: unknown, { path }: Surroundings): readonly string[] {
  // What is not set yet is said separately: any text will do.
  const scope = { variable: () => 'http://set.later', inputs: new Map(), folder: dirname(resolve(path)) };
  const { config, warnings } = parseEntry({ name, path: [name], value }, scope);
  if (config.kind === 'unusable') throw new CommandError(`Nothing was changed:\n  ${config.problems.join('\n  ')}`);
  return warnings;
}

/** Returns the variables without a value that an entry demands. */
export function unsetVariables(name: string, value: unknown, { path, env }: Surroundings): readonly string[] {
  const scope = {
    variable: (variable: string) => env[variable] || undefined,
    inputs: new Map(),
    folder: dirname(resolve(path)),
  };
  const { config } = parseEntry({ name, path: [name], value }, scope);
  const problems = config.kind === 'unusable' ? config.problems : [];
  const entry = { name, path: [name], value };
  return namesIn({ entries: [entry], inputs: new Map() }).filter((variable) =>
    problems.some((problem) => problem.includes(`\${${variable}}`)),
  );
}
