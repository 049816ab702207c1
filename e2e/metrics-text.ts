import { request } from '@toolmesh/shared/test-kit/requests';

/** The `/metrics` of a service at one moment. */
export interface Scrape {
  /** Names of metrics and their types: those without a sample, too. */
  readonly types: ReadonlyMap<string, string>;
  /** Each series as Prometheus writes it, `name{label="value"}`, labels in the order of the alphabet. */
  readonly series: ReadonlyMap<string, number>;
}

/** Reads `/metrics` of a service. @throws Error for a line that is not of the text format. */
export async function scrape(url: string): Promise<Scrape> {
  const { body } = await request(`${url}/metrics`);
  const types = new Map<string, string>();
  const series = new Map<string, number>();
  for (const line of String(body).split('\n')) {
    const [, declared, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (declared !== undefined && type !== undefined) types.set(declared, type);
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (value === undefined) throw new Error(`not a line of the text format: ${line}`);
    series.set(seriesName(name, labels), Number(value));
  }
  return { types, series };
}

function seriesName(name: string, labels: string): string {
  const pairs = labels.match(/(?<!\w)\w+="(?:[^"\\]|\\.)*"/g) ?? [];
  return pairs.length === 0 ? name : `${name}{${pairs.toSorted((a, b) => a.localeCompare(b)).join(',')}}`;
}

/** By how much each of the series that start with one of `names` has grown; those that have not are left out. */
export function growth(before: Scrape, after: Scrape, names: readonly string[]): Record<string, number> {
  const grown = [...after.series]
    .filter(([series]) => names.some((name) => series === name || series.startsWith(`${name}{`)))
    .map(([series, value]) => [series, value - (before.series.get(series) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, by]) => by !== 0));
}
