import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PYODIDE_PLATFORM } from '../index/pyodide-distribution.ts';
import type { Attempt } from './attempt.ts';
import { type Gate, GATE_HOST, GATE_ORIGIN, openGate } from './gate.ts';
import type { PythonTarget } from './python-target.ts';
import type { FindPip } from './pip.ts';
import { readPipReport } from './pip-report.ts';
import { createPypiView, type PypiViewOptions } from './pypi-view.ts';
import { type FailedResolve, type ResolvedPackage, type Resolver, type Root, whyMissing } from './resolver.ts';
import type { ProcessEnd } from './run-process.ts';
import { createWheelSource, type WheelSourceOptions } from './wheel-source.ts';
import { prefixesOf, type RunTool } from './run-tool.ts';
import type { Provided, ProvidedPackage } from '../package-layer.ts';
import { allows, formatSpec } from '../spec.ts';
import { printable, Refusal } from '../refusal.ts';

export interface PypiResolverOptions extends PypiViewOptions, Omit<WheelSourceOptions, 'storeTarget'> {
  readonly python: string;
  readonly findPip: FindPip;
  readonly runTool: RunTool;
  readonly provided: Provided;
}

/** Enough for the metadata of a hundred packages, whatever is in it. */
const LIMITS = { addressSpace: 4 * 1_024 ** 3, fileBytes: 1_024 ** 3 };

export function createPypiResolver(options: PypiResolverOptions): Resolver {
  const { python, findPip, runTool, target, limits } = options;
  // Bytecode and extension modules are for one interpreter on one kind of processor.
  const storeTarget = `${target.kind}-${target.version}-${process.arch}`;

  const resolveBeside = async (
    provided: readonly ProvidedPackage[],
    roots: readonly Root[],
    attempt: Attempt,
  ): Promise<readonly ResolvedPackage[]> => {
    const source = createWheelSource({ ...options, storeTarget }, attempt);
    const view = createPypiView(options, { source, provided }, attempt);
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
      return readPipReport(await readFile(report, 'utf8'), view, source);
    } finally {
      gate.close();
    }
  };

  return {
    target: storeTarget,
    async resolve(roots, attempt) {
      // Who asks for another version of a package that every program has gets it.
      const asked = new Set(roots.map(({ spec }) => spec.name));
      const provided = options.provided().filter(({ name, version }) => {
        return !asked.has(name) || roots.every(({ spec }) => spec.name !== name || allows(spec, version));
      });
      try {
        return await resolveBeside(provided, roots, attempt);
      } catch (error) {
        if (provided.length === 0 || !isUnresolved(error)) throw error;
        attempt.note('The packages do not go together with those that every program has: they bring their own');
        return resolveBeside([], roots, attempt);
      }
    },
  };
}

/** True where pip found no versions that go together. */
const isUnresolved = (error: unknown): boolean =>
  error instanceof Refusal && ['install_failed', 'no_wheel'].includes(error.reason.code);

/** pip decides and writes a report: it installs nothing, builds nothing, and reads no configuration. */
const FLAGS = [
  ['--dry-run', '--ignore-installed', '--isolated', '--no-input', '--disable-pip-version-check', '--no-cache-dir'],
  ['--only-binary', ':all:', '--progress-bar', 'off', '--quiet', '--no-color', '--root-user-action', 'ignore'],
  // The gate may fetch and inspect a whole wheel before it sends the first byte.
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
  const abis = ['--abi', `cp${version.replace('.', '')}`, '--abi', 'abi3', '--abi', 'none'];
  const platforms = ['--platform', PYODIDE_PLATFORM, '--platform', 'any'];
  const tags = ['--implementation', 'cp', ...abis, ...platforms, '--python-version', version];
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
