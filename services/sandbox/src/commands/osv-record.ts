import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import type { Advisory, ListedAdvisory } from '../packages/policy/malicious-list.ts';
import { isName, normaliseName } from '../packages/spec.ts';

const OsvEvent = z.object({
  introduced: z.string().optional(),
  fixed: z.string().optional(),
  last_affected: z.string().optional(),
});

/** The fields that are read of a record of OSV (https://ossf.github.io/osv-schema). */
const OsvRecord = z.object({
  id: z.string().regex(/^MAL-\d+-\d+$/),
  published: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}/)
    .optional(),
  modified: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}/)
    .optional(),
  withdrawn: z.string().optional(),
  affected: z
    .array(
      z.object({
        package: z.object({ ecosystem: z.string(), name: z.string() }),
        versions: z.array(z.string()).default([]),
        ranges: z.array(z.object({ type: z.string(), events: z.array(OsvEvent) })).default([]),
      }),
    )
    .default([]),
});

/** A version or a range as a line of the list can hold it. */
const WRITABLE = /^[\w.+!<>= -]{1,120}$/;

const NAMES = { pypi: 'PyPI', npm: 'npm' } as const;

/** The packages that one record is about. None for a record that was withdrawn, or cannot be read. */
export function readOsvRecord(ecosystem: Ecosystem, text: string): readonly ListedAdvisory[] {
  const record = parseRecord(text);
  if (record === undefined || record.withdrawn !== undefined) return [];
  const { id, published, modified } = record;
  const date = (published ?? modified ?? '').slice(0, 10);
  return record.affected.flatMap(({ package: { ecosystem: its, name }, versions, ranges }) => {
    if (its !== NAMES[ecosystem] || !isName(ecosystem, name)) return [];
    const affected = affectedOf(
      versions,
      ranges.flatMap(({ events }) => intervals(events)),
    );
    return [{ ecosystem, name: normaliseName(ecosystem, name), id, date, affected }];
  });
}

function parseRecord(text: string): z.output<typeof OsvRecord> | undefined {
  return OsvRecord.safeParse(parseJson(text)).data;
}

interface Interval {
  readonly from: string;
  /** Such as `<1.2.3`; undefined for all that follows. */
  readonly to: string | undefined;
}

function intervals(events: readonly z.output<typeof OsvEvent>[]): readonly Interval[] {
  const found: Interval[] = [];
  let from: string | undefined;
  for (const { introduced, fixed, last_affected } of events) {
    if (introduced !== undefined) from = introduced;
    const to = fixed === undefined ? last_affected && `<=${last_affected}` : `<${fixed}`;
    if (to === undefined || from === undefined) continue;
    found.push({ from, to });
    from = undefined;
  }
  return from === undefined ? found : [...found, { from, to: undefined }];
}

/**
 * Records of packages that were taken over for a day often begin as "all of it" and get their bounds later, while the
 * first statement stays: bounds count, then. A record that only lists versions means these.
 */
function affectedOf(versions: readonly string[], found: readonly Interval[]): Advisory['affected'] {
  const isAll = ({ from, to }: Interval): boolean => from === '0' && to === undefined;
  const bounded = found.filter((interval) => !isAll(interval));
  if (bounded.length === 0 && (found.length > 0 || versions.length === 0)) return 'all';
  const ranges = bounded.map(({ from, to }) => [`>=${from}`, to].filter((part) => part !== undefined).join(' '));
  const all = [...versions, ...ranges];
  // A version that cannot be written down is no reason to take the others for good.
  return all.every((item) => WRITABLE.test(item)) ? all : 'all';
}
