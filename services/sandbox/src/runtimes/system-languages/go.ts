import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ask, findProgram } from './find-program.ts';
import { prepareOnce } from './prepare-once.ts';
import type { SystemLanguage } from './system-language.ts';

const HOME = '/opt/go';
const SCRIPTS = '/opt/go-run';
const USUAL = ['/usr/local/go/bin', '/usr/lib/go/bin'];
const READY = 'ready';

/**
 * Go, by its compiler and linker alone: the `go` command wants a cache that it may write, modules and a network. A
 * program has the standard library, which is compiled once, when the first program comes: a minute of processor time.
 */
export const GO: SystemLanguage = {
  language: 'go',
  cure: 'apt-get install golang-go',
  find: async ({ cacheDirectory }) => {
    const go = await findProgram('go', USUAL);
    const [version = '', tools = ''] =
      (go === undefined ? undefined : await ask(go, ['env', 'GOVERSION', 'GOTOOLDIR'])) ?? [];
    if (go === undefined || version === '') return undefined;
    const directory = join(cacheDirectory, version);
    await mkdir(directory, { recursive: true });
    return {
      name: 'go',
      languages: ['go'],
      mounts: [
        { from: directory, to: HOME },
        { from: fileURLToPath(new URL('./go', import.meta.url)), to: SCRIPTS },
      ],
      has: { prepare: prepareOnce({ title: 'Go’s standard library', run: () => prepareGo({ go, tools, directory }) }) },
      interpreter: {
        command: ['/usr/bin/sh', `${SCRIPTS}/run.sh`, '{file}'],
        environment: {},
        version: version.replace(/^go/, ''),
        takes: 'file',
        name: 'main.go',
      },
    };
  },
};

interface GoHere {
  /** Path of the `go` command. */
  readonly go: string;
  /** Folder of its compiler and linker. */
  readonly tools: string;
  /** Folder of what jails show. */
  readonly directory: string;
}

const COMPILE_TIMEOUT_MS = 900_000;
const MAX_LIST_BYTES = 4 * 1_024 ** 2;
const EXPORTED = '{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}';

/** Compiles the standard library and puts it beside the tools, whole or not at all. */
async function prepareGo({ go, tools, directory }: GoHere): Promise<void> {
  const ready = join(directory, READY);
  if (existsSync(ready)) return;
  const unfinished = join(directory, `unfinished-${process.pid}`);
  // It stays when this is ended before it is done, so that the next attempt goes on from there.
  const cache = join(directory, 'cache');
  try {
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: unfinished,
      GOCACHE: cache,
      GOENV: 'off',
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '0',
    };
    const place = join(unfinished, READY);
    await mkdir(place, { recursive: true });
    const options = { env, cwd: '/', timeout: COMPILE_TIMEOUT_MS, maxBuffer: MAX_LIST_BYTES };
    // What compiles comes after the services and their programs.
    const command = ['-n', '15', go, 'list', '-export', '-f', EXPORTED, 'std'];
    const { stdout } = await promisify(execFile)('nice', command, options);
    const packages = stdout.split('\n').filter((line) => line !== '');
    const lines = await Promise.all(packages.map((line, i) => copyPackage(line, { place, name: `${i}.a` })));
    await writeFile(join(place, 'importcfg'), `${lines.join('\n')}\n`);
    await Promise.all(['compile', 'link'].map((tool) => copyTool(join(tools, tool), join(place, tool))));
    await chmod(place, 0o755);
    // Two services may do this at the same time: the second finds it done.
    await rename(place, ready).catch(() => {});
    await rm(cache, { recursive: true, force: true });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Copies a package, given as `path=file`; returns its line for the compiler and the linker. */
async function copyPackage(line: string, to: { readonly place: string; readonly name: string }): Promise<string> {
  const at = line.indexOf('=');
  await copyFile(line.slice(at + 1), join(to.place, to.name));
  await chmod(join(to.place, to.name), 0o644);
  return `packagefile ${line.slice(0, at)}=${HOME}/${READY}/${to.name}`;
}

async function copyTool(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o755);
}
