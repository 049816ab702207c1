import { z } from 'zod';
import { SERVICES } from '../../mesh/services.ts';

const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ summary: z.string().optional() }))),
});
const COMMON = new Set(['/health', '/ready', '/metrics']);
const TOOL_PATH = /^\/tools\/[^{/]+$/;

/** Lists the routes of running services as Markdown tables, from what each says of itself. */
export async function httpReference(urlOf: (service: string) => string, services = SERVICES): Promise<string> {
  const tables = services.map(async ({ name, port }) => {
    const answer = await fetch(new URL('/openapi.json', urlOf(name)));
    return routesTable(name, port, Document.parse(await answer.json()));
  });
  return (await Promise.all(tables)).join('\n\n');
}

function routesTable(service: string, port: number, { paths }: z.output<typeof Document>): string {
  // Each tool has a path of its own there, with its schemas; here one line stands for all of them.
  const hasTools = Object.keys(paths).some((path) => TOOL_PATH.test(path));
  const rows = Object.entries(paths)
    .filter(([path]) => !COMMON.has(path) && !TOOL_PATH.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { summary = '' }]) => `| \`${method.toUpperCase()} ${path}\` | ${summary} |`,
      ),
    );
  if (hasTools) rows.push('| `POST /tools/{name}` | Runs a tool |');
  return [`## ${service}, port ${port}`, '', '| route | |', '|---|---|', ...rows].join('\n');
}
