import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** A value that a server needs, or may have. */
const Setting = z.strictObject({
  description: z.string().min(1),
  required: z.boolean().default(false),
  /** Another setting that takes its place. */
  unless: z.string().optional(),
  /** A secret is never written to mesh.json. */
  secret: z.boolean().default(false),
  /** The place where a user gets it. */
  where: z.string().min(1).optional(),
  example: z.string().min(1).optional(),
});
export type Setting = z.output<typeof Setting>;

const ReadyServer = z.strictObject({
  description: z.string().min(1),
  homepage: z.url({ protocol: /^https$/ }),
  /** The entry for mesh.json, with its settings as references. */
  entry: z.record(z.string(), z.unknown()),
  /** By the name of the variable. */
  settings: z.record(z.string().regex(/^[A-Z][A-Z0-9_]+$/), Setting),
  /** Programs that it needs besides the one that starts it. */
  needs: z.array(z.string().min(1)).default([]),
  /** True for one that starts without any setting and without network. */
  runs_alone: z.boolean().default(false),
  notes: z.array(z.string().min(1)).default([]),
});
export type ReadyServer = z.output<typeof ReadyServer>;

const FOLDER = new URL('../../../catalogue/', import.meta.url);

/** Returns the servers that are ready to be added, by name, each with the topic whose file lists it. */
export function readyServers(): ReadonlyMap<string, ReadyServer & { readonly topic: string }> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    files.toSorted().flatMap((file) => {
      const servers = z.record(z.string(), ReadyServer).parse(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
      const topic = file.replace(/\.json$/, '');
      return Object.entries(servers).map(([name, server]) => [name, { ...server, topic }] as const);
    }),
  );
}
