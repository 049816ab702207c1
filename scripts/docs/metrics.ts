import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DECLARATION = /\.?\b(counter|gauge|histogram)\(\{([\s\S]*?)\}\)/g;

/** One metric as its source declares it. */
export interface DeclaredMetric {
  readonly name: string;
  readonly kind: string;
  readonly labels: readonly string[];
  readonly help: string;
  /** The service that has it; `every service` or `tool services` for those of the kit. */
  readonly owner: string;
}

/**
 * Lists the metrics that the sources declare. Each is declared by a literal, so that reading is enough; a test compares the
 * list with what running services expose.
 */
export function declaredMetrics(): readonly DeclaredMetric[] {
  const files = ['shared/kit/**/*.ts', 'services/*/src/**/*.ts'].flatMap((glob) =>
    globSync(glob, { cwd: ROOT }).sort(),
  );
  return files.flatMap((file) => {
    const source = readFileSync(`${ROOT}${file}`, 'utf8');
    return [...source.matchAll(DECLARATION)].flatMap(([, kind = '', body = '']) => {
      const name = /\bname: '([^']+)'/.exec(body)?.[1];
      if (name === undefined) return [];
      const help = /\bhelp: ["'](.+)["'],?/.exec(body)?.[1] ?? '';
      const labels = /\blabelNames: \[([^\]]*)\]/.exec(body)?.[1] ?? '';
      return [
        {
          name,
          kind,
          help,
          labels: [...labels.matchAll(/'([^']+)'/g)].map(([, label = '']) => label),
          owner: ownerOf(file),
        },
      ];
    });
  });
}

function ownerOf(file: string): string {
  if (file.startsWith('shared/kit/tools/')) return 'tool services';
  return /^services\/([^/]+)\//.exec(file)?.[1] ?? 'every service';
}

const series = ({ name, labels }: DeclaredMetric): string =>
  `\`${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`}\``;

/** Writes metrics as a Markdown table with what each of them counts. */
export function metricsTable(metrics: readonly DeclaredMetric[]): string {
  const rows = metrics.map((metric) => `| ${metric.owner} | ${series(metric)} | ${metric.kind} | ${metric.help} |`);
  return ['| service | metric | kind | |', '|---|---|---|---|', ...rows].join('\n');
}
