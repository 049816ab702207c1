import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';

/** Directory of a layer in a jail. */
const LAYER = '/opt/packages';
/** `name = module:attribute`, perhaps with extras, as entry points have it. */
const ENTRY = /^\s*([A-Za-z0-9][\w.-]{0,99})\s*=\s*([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_][\w.]*)\s*(?:\[|$)/;
const MAX_COMMANDS = 1_000;

/**
 * Writes the commands that the packages of a layer declare to its folder `bin`: for Python each is a few lines that
 * import a function and call it. Those of npm lie where their packages do.
 */
export async function writeCommands(ecosystem: Ecosystem, directory: string): Promise<void> {
  if (ecosystem !== 'pypi') return;
  const commands = new Map<string, string>();
  for (const name of await readdir(directory)) {
    if (!name.endsWith('.dist-info')) continue;
    const text = await readFile(join(directory, name, 'entry_points.txt'), 'utf8').catch(() => '');
    for (const [command, script] of scriptsOf(text)) if (!commands.has(command)) commands.set(command, script);
  }
  if (commands.size === 0) return;
  const folder = join(directory, 'bin');
  await mkdir(folder, { recursive: true });
  for (const [command, script] of [...commands].slice(0, MAX_COMMANDS)) {
    const path = join(folder, command);
    // A package may bring a file of that name, which other layers share.
    const isMade = await writeFile(path, script, { flag: 'wx' }).then(
      () => true,
      () => false,
    );
    if (isMade) await chmod(path, 0o555);
  }
}

function scriptsOf(entryPoints: string): readonly (readonly [string, string])[] {
  let section = '';
  return entryPoints.split('\n').flatMap((line) => {
    section = /^\s*\[([^\]]+)\]/.exec(line)?.[1]?.trim() ?? section;
    const [, command = '', module = '', attribute = ''] = section === 'console_scripts' ? (ENTRY.exec(line) ?? []) : [];
    return command === '' ? [] : [[command, scriptFor(module, attribute)] as const];
  });
}

const scriptFor = (module: string, attribute: string): string => `#!/usr/bin/python3
import os
import sys

sys.path[0:1] = [path for path in [*os.environ.get("PYTHONPATH", "").split(":"), "${LAYER}"] if path]
from ${module} import ${attribute.split('.')[0]}

sys.exit(${attribute}())
`;
