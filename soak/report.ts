import { percentile } from '../bench/figures.ts';
import type { Observation, Outcome } from './judge.ts';
import { escapeHtml, type Line, plot } from './plot.ts';

const MIB = 1_024 ** 2;
/** Points of a latency line: each is the median of its stretch of time. */
const STRETCHES = 60;

/** The report as one page that needs nothing else: what was wrong, what was called, and how all of it went. */
export function renderReport(observation: Observation, problems: readonly string[], machine: string): string {
  const { seconds, samples, outcomes } = observation;
  const lines = (read: (sample: { rssBytes: number; handles: number; processes: number }) => number): Line[] =>
    [...samples].map(([name, all]) => ({ name, points: all.map((sample) => [sample.at, read(sample)]) }));
  const kinds = Map.groupBy(outcomes, ({ kind }) => kind);
  const latencies = [...kinds].map(([name, all]) => ({ name, points: medians(all, seconds) }));
  const plots = [
    plot({
      title: 'Memory',
      unit: 'MiB, resident, by service',
      lines: lines(({ rssBytes }) => rssBytes / MIB),
      seconds,
    }),
    plot({
      title: 'Handles',
      unit: 'open file descriptors, by service',
      lines: lines(({ handles }) => handles),
      seconds,
    }),
    plot({
      title: 'Processes',
      unit: 'of each service and all that it started',
      lines: lines(({ processes }) => processes),
      seconds,
    }),
    ...chunks(latencies, 7).map((some, index) =>
      plot({ title: `Time of a call (${index + 1})`, unit: 'ms, median, by kind of call', lines: some, seconds }),
    ),
  ];
  const verdict =
    problems.length === 0
      ? '<p class="good">Nothing grew, nothing failed.</p>'
      : `<ul class="bad">${problems.map((problem) => `<li>${escapeHtml(problem)}</li>`).join('')}</ul>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Toolmesh soak</title>
<style>${STYLE}</style></head><body>
<h1>Soak of ${seconds} s</h1><p>${escapeHtml(machine)}; ${outcomes.length} calls</p>
${verdict}
${table(kinds)}
${plots.join('\n')}
</body></html>
`;
}

function table(kinds: ReadonlyMap<string, readonly Outcome[]>): string {
  const rows = [...kinds].map(([kind, all]) => {
    const times = all.map(({ ms }) => ms);
    const failed = all.filter(({ error }) => error !== undefined).length;
    const figures = [50, 95, 99, 100].map((percent) => percentile(times, percent).toFixed(0));
    return `<tr><td>${[escapeHtml(kind), all.length, failed, ...figures].join('</td><td>')}</td></tr>`;
  });
  const heads = ['call', 'times', 'wrong', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'];
  return `<table><tr><th>${heads.join('</th><th>')}</th></tr>${rows.join('\n')}</table>`;
}

function medians(all: readonly Outcome[], seconds: number): readonly (readonly [number, number])[] {
  const stretch = seconds / STRETCHES;
  const parts = Map.groupBy(all, ({ at }) => Math.floor(at / stretch));
  return [...parts]
    .toSorted(([a], [b]) => a - b)
    .map(
      ([part, some]) =>
        [
          (part + 0.5) * stretch,
          percentile(
            some.map(({ ms }) => ms),
            50,
          ),
        ] as const,
    );
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 780px; margin: 2em auto; padding: 0 1em; color-scheme: light dark }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } td, th { padding: 2px 12px; text-align: right }
td:first-child, th:first-child { text-align: left } tr:nth-child(even) { background: color-mix(in srgb, currentColor 6%, transparent) }
figure { margin: 2em 0 } svg { width: 100%; font: 11px system-ui, sans-serif } svg text { fill: currentColor }
.grid { stroke: currentColor; stroke-opacity: .15 } .good { color: #2a9d5f } .bad { color: #d1495b }
`;
