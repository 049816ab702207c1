import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Attempt } from './attempt.ts';
import { type Gate, GATE_HOST, GATE_ORIGIN, openGate } from './gate.ts';
import type { PythonTarget } from './python-target.ts';
import type { FindPip } from './pip.ts';
import { readPipReport } from './pip-report.ts';
import { createPypiView, type PypiViewOptions } from './pypi-view.ts';
import { type FailedResolve, type Resolver, whyMissing } from './resolver.ts';
import type { ProcessEnd } from './run-process.ts';
import { prefixesOf, type RunTool } from './run-tool.ts';
import { formatSpec } from '../spec.ts';
import { printable, Refusal } from '../refusal.ts';

export interface PypiResolverOptions extends PypiViewOptions {
  readonly python: string;
  readonly findPip: FindPip;
  readonly runTool: RunTool;
}

/** Enough for the metadata of a hundred packages, whatever is in it. */
const LIMITS = { addressSpace: 4 * 1_024 ** 3, fileBytes: 1_024 ** 3 };

export function createPypiResolver(options: PypiResolverOptions): Resolver {
  const { python, findPip, runTool, target, limits } = options;
  return {
    target: `${target.kind}-${target.version}`,
    async resolve(roots, attempt) {
      const view = createPypiView(options, attempt);
      const gate = await openGate(view.answer);
      try {
        const pip = await findPip(attempt.signal);
        const report = join(attempt.directory, 'report.json');
        const args = [...FLAGS, ...gateArguments(gate), ...targetArguments(target, attempt), '--report', report, '--'];
        const command = [python, '-I', ...pip, 'install', ...args, ...roots.map(({ spec }) => formatSpec(spec))];
        const end = await runTool({
          command,
          env: environment(attempt.directory),
          readable: [...prefixesOf(python), ...pip.filter((part) => part.startsWith('/')).map((path) => dirname(path))],
          writable: attempt.directory,
          limits: LIMITS,
          timeoutMs: limits.resolveMs,
          signal: AbortSignal.any([attempt.signal, gate.refused]),
        });
        // pip may have ended by itself because of the refusal.
        gate.refused.throwIfAborted();
        if (end.exitCode !== 0) throw await pipRefusal(end, { roots, checks: options.checks, signal: attempt.signal });
        return readPipReport(await readFile(report, 'utf8'), view);
      } finally {
        gate.close();
      }
    },
  };
}

/** pip decides and writes a report: it installs nothing, builds nothing, and reads no configuration. */
const FLAGS = [
  ['--dry-run', '--ignore-installed', '--isolated', '--no-input', '--disable-pip-version-check', '--no-cache-dir'],
  ['--only-binary', ':all:', '--progress-bar', 'off', '--quiet', '--no-color', '--root-user-action', 'ignore'],
  // The gate fetches and inspects a whole wheel before it sends the first byte.
  ['--retries', '0', '--timeout', '170'],
].flat();

const gateArguments = ({ proxyUrl }: Gate): readonly string[] => [
  '--index-url',
  `${GATE_ORIGIN}/simple/`,
  '--trusted-host',
  GATE_HOST,
  '--proxy',
  proxyUrl,
];

function targetArguments({ kind, version }: PythonTarget, { directory }: Attempt): readonly string[] {
  if (kind === 'native') return [];
  const tags = ['--implementation', 'py', '--abi', 'none', '--platform', 'any', '--python-version', version];
  return [...tags, '--target', join(directory, 'nothing')];
}

/** No PATH: neither git nor a compiler is found, whatever a package asks for. */
const environment = (directory: string): Record<string, string> => ({
  PIP_CONFIG_FILE: '/dev/null',
  HOME: directory,
  TMPDIR: directory,
  PATH: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  PYTHONDONTWRITEBYTECODE: '1',
});

/** Explains the errors that pip printed. */
async function pipRefusal({ lastOutput }: ProcessEnd, { roots, checks, signal }: FailedResolve): Promise<Refusal> {
  const lines = lastOutput.split('\n').flatMap((line) => /ERROR: (.*)/.exec(line)?.[1] ?? []);
  const missing = /No matching distribution found for (\S+)/.exec(lines.join(' '))?.[1];
  if (missing !== undefined) {
    const message = `${printable(missing)} has no wheel for this Python, and building one would run its code`;
    return (await whyMissing(checks, { ecosystem: 'pypi', text: missing }, signal)) ?? new Refusal('no_wheel', message);
  }
  const last = printable(lines.at(-1) ?? lastOutput.trim().split('\n').at(-1) ?? '');
  const names = roots.map(({ spec }) => formatSpec(spec)).join(', ');
  return new Refusal('install_failed', `pip found no set of packages for ${names}: ${last}`);
}
