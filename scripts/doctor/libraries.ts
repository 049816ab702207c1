import { type Finding, note, ok } from './finding.ts';
import type { ServiceState } from './services.ts';

/** Reports how far the libraries of Python programs are built, where the sandbox runs and has them in namespaces. */
export function checkLibraries(services: readonly ServiceState[]): readonly Finding[] {
  const sandbox = services.find(({ name }) => name === 'sandbox');
  const { state, percent, sets }: { state?: unknown; percent?: unknown; sets?: unknown } = Object(
    sandbox?.state === 'running' ? sandbox.health['python_layer'] : undefined,
  );
  if (typeof state !== 'string' || typeof percent !== 'number' || !Array.isArray(sets)) return [];
  const there = `${percent} %, programs have ${sets.length === 0 ? 'none yet' : sets.join(', ')}`;
  if (state === 'complete') return [ok('Libraries', `programs in Python have ${sets.join(', ')}`)];
  if (state === 'building') return [ok('Libraries', `are prepared in the background: ${there}`)];
  if (state === 'off') return [note('Libraries', `are not complete: ${there}`, 'npm run python-layer builds them')];
  return [
    note('Libraries', `could not be built: ${there}`, 'GET /ready of the sandbox says why; it tries again by itself'),
  ];
}
