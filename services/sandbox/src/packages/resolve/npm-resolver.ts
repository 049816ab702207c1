import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GATE_ORIGIN, openGate } from './gate.ts';
import { readLockfile } from './npm-lockfile.ts';
import { createNpmView, type NpmViewOptions } from './npm-view.ts';
import { nameOfTarget } from './npm-target.ts';
import { type FailedResolve, type Resolver, whyMissing } from './resolver.ts';
import type { ProcessEnd } from './run-process.ts';
import { prefixesOf, type RunTool } from './run-tool.ts';
import { formatSpec } from '../spec.ts';
import { printable, Refusal } from '../refusal.ts';

export interface NpmResolverOptions extends NpmViewOptions {
  /** npm's own script, such as `/usr/lib/node_modules/npm/bin/npm-cli.js`. */
  readonly npm: string;
  readonly runTool: RunTool;
}

/** Of its memory Node sets far more aside than it uses. */
const LIMITS = { fileBytes: 1_024 ** 3 };

export function createNpmResolver(options: NpmResolverOptions): Resolver {
  const { npm, runTool, limits } = options;
  return {
    target: nameOfTarget(options.target),
    async resolve(roots, attempt) {
      const view = createNpmView(options, attempt);
      // A requested package that is refused itself is refused before npm is started.
      await Promise.all(roots.map(({ spec, examined }) => view.inspect(spec.name, examined)));
      const gate = await openGate(view.answer);
      try {
        const project = join(attempt.directory, 'project');
        await mkdir(project, { recursive: true });
        const dependencies = Object.fromEntries(roots.map(({ spec, examined }) => [spec.name, examined.version]));
        await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, dependencies }));
        const settings = { registry: `${GATE_ORIGIN}/`, proxy: gate.proxyUrl, 'https-proxy': gate.proxyUrl };
        const places = {
          cache: join(attempt.directory, 'cache'),
          // Files that are not there: neither this user's settings nor the system's.
          userconfig: join(attempt.directory, 'user.npmrc'),
          globalconfig: join(attempt.directory, 'global.npmrc'),
        };
        const args = Object.entries({ ...settings, ...places, prefix: project }).map(
          ([name, value]) => `--${name}=${value}`,
        );
        const end = await runTool({
          command: [process.execPath, npm, 'install', ...FLAGS, ...args],
          env: environment(attempt.directory),
          readable: [process.execPath, ...prefixesOf(npm)],
          writable: attempt.directory,
          limits: LIMITS,
          timeoutMs: limits.resolveMs,
          signal: AbortSignal.any([attempt.signal, gate.refused]),
        });
        gate.refused.throwIfAborted();
        if (end.exitCode !== 0) throw await npmRefusal(end, { roots, checks: options.checks, signal: attempt.signal });
        const locked = readLockfile(await readFile(join(project, 'package-lock.json'), 'utf8'));
        return view.collect(locked);
      } finally {
        gate.close();
      }
    },
  };
}

const environment = (directory: string): Record<string, string> => ({
  HOME: directory,
  TMPDIR: directory,
  PATH: '/nonexistent',
  NODE_DISABLE_COMPILE_CACHE: '1',
});

/** npm decides and writes a lockfile: it unpacks nothing and runs no script. */
const FLAGS = [
  ['--package-lock-only', '--lockfile-version=3', '--ignore-scripts', '--no-audit', '--no-fund'],
  ['--no-update-notifier', '--no-progress', '--no-color', '--loglevel=error', '--logs-max=0', '--fetch-retries=0'],
].flat();

/** Explains the errors that npm printed. */
async function npmRefusal({ lastOutput }: ProcessEnd, { roots, checks, signal }: FailedResolve): Promise<Refusal> {
  const missing = /No matching version found for (\S+?)\.?$/m.exec(lastOutput)?.[1];
  const why = missing === undefined ? undefined : await whyMissing(checks, { ecosystem: 'npm', text: missing }, signal);
  if (why !== undefined) return why;
  const errors = lastOutput
    .split('\n')
    .flatMap((line) => /^npm error (?!code |A complete log)(.*)/.exec(line)?.[1] ?? []);
  const names = roots.map(({ spec }) => formatSpec(spec)).join(', ');
  return new Refusal(
    'install_failed',
    `npm found no set of packages for ${names}: ${printable(errors[0] ?? lastOutput.trim())}`,
  );
}
