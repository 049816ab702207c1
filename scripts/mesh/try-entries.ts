import { loadMeshConfig } from '../../services/mcp-server/src/mesh-config/load-mesh-config.ts';
import type { EntryConfig } from '../../services/mcp-server/src/mesh-config/entry-config.ts';
import { CommandError } from './command-error.ts';
import type { Surroundings } from './surroundings.ts';

export interface TryOptions {
  /** The entry, or all that are not disabled. */
  readonly name: string | undefined;
  readonly timeoutMs: number;
}

/** Starts or connects entries through the hub's own code, and prints what they offer. Returns whether all are well. */
export async function tryEntries({ name, timeoutMs }: TryOptions, around: Surroundings): Promise<boolean> {
  const { mcpServers, writtenNames } = loadMeshConfig(around.path, around.env);
  const all = Object.entries(mcpServers).map(([safe, config]) => ({
    safe,
    config,
    shown: writtenNames.get(safe) ?? safe,
  }));
  const wanted = all.filter(({ safe, shown, config }) =>
    name === undefined ? !config.disabled : name === shown || name === safe,
  );
  if (wanted.length === 0) {
    const names = all.map(({ shown }) => shown).join(', ');
    throw new CommandError(
      name === undefined
        ? `${around.path} has no entries to try.`
        : `${around.path} has no entry ${JSON.stringify(name)}; it has ${names || 'none'}.`,
    );
  }
  let isWell = true;
  for (const { safe, shown, config } of wanted)
    isWell = (await tryOne({ safe, shown, config, timeoutMs }, around)) && isWell;
  return isWell;
}

interface Tried {
  readonly safe: string;
  readonly shown: string;
  readonly config: EntryConfig;
  readonly timeoutMs: number;
}

async function tryOne({ safe, shown, config, timeoutMs }: Tried, { print, env }: Surroundings): Promise<boolean> {
  if (config.kind === 'unusable') {
    print(`FAILED  ${shown} cannot be used`);
    for (const problem of config.problems) print(`        ${problem}`);
    return false;
  }
  const { tryEntry } = await import('../../services/mcp-server/src/service.ts');
  const started = performance.now();
  const trial = await tryEntry({ name: safe, config, env, timeoutMs });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  if (!trial.isUp) {
    print(`FAILED  ${shown} is down after ${seconds} s: ${trial.error ?? 'no reason is known'}`);
    return false;
  }
  const isolation = trial.sandbox === undefined ? '' : `, sandbox ${trial.sandbox}`;
  print(
    `ok      ${shown} answers after ${seconds} s: ${trial.tools.length} tools, ${trial.prompts} prompts, ${trial.resources} resources${isolation}`,
  );
  if (trial.tools.length > 0) print(`        ${trial.tools.join(', ')}`);
  for (const defect of trial.defects) print(`        defect: ${defect}`);
  return true;
}
