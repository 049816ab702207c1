// `npm run test:servers [-- PATTERN] [--table]`: real servers, documents and clients of others, each installed once into
// a cache, before and behind the hub. Ends with 1 when one of them did not work. `--table` writes the tables of the docs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stopServed } from './parts.ts';
import { createReport } from './report.ts';
import { writeTables } from './tables.ts';
import { runClients } from './clients/run-clients.ts';
import { runDocuments } from './documents/run-documents.ts';
import { runReady } from './ready/run-ready.ts';
import { runServers } from './servers/run-servers.ts';

const PAGE = 'docs/reference/servers-and-clients.md';

const { values, positionals } = parseArgs({ options: { table: { type: 'boolean' } }, allowPositionals: true });
const wanted = new RegExp(positionals[0] ?? '', 'i');

const report = createReport((line) => process.stdout.write(`${line}\n`));
try {
  await runServers(report, wanted);
  await runDocuments(report, wanted);
  await runClients(report, wanted);
  await runReady(report, wanted);
} finally {
  await stopServed();
}
const failed = report.rows.filter(({ failures }) => failures.length > 0).length;
const notRun = report.rows.filter((row) => row.notRun !== undefined).length;
if (values.table === true) writeTables(PAGE, report.rows);
mkdirSync('reports', { recursive: true });
const passed = report.rows.length - failed - notRun;
// Read by .ci/count.mjs, with the reports of jest.
const counts = { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: 0 };
writeFileSync('reports/servers.json', JSON.stringify({ ...counts, rows: report.rows }, null, 2));
process.stdout.write(`\n${passed} right, ${failed} failed, ${notRun} not run\n`);
process.exit(failed === 0 ? 0 : 1);
