import type { PackageIndex, Project } from './project.ts';

const FRESH_MS = 60_000;
const MAX_PROJECTS = 200;

/** Asks `index` once for what several checks in a row want to know. A failure is not kept. */
export function cachedIndex(index: PackageIndex): PackageIndex {
  const kept = new Map<string, { readonly project: Project; readonly until: number }>();
  return {
    async project(name, signal) {
      const known = kept.get(name);
      if (known !== undefined && known.until > performance.now()) return known.project;
      const project = await index.project(name, signal);
      kept.delete(name);
      kept.set(name, { project, until: performance.now() + FRESH_MS });
      const oldest = kept.keys().next();
      if (kept.size > MAX_PROJECTS && oldest.done !== true) kept.delete(oldest.value);
      return project;
    },
  };
}
