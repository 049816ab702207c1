// Counts what passed and what failed in all reports of jest; fails when something did, or when nothing was run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const files = existsSync('reports') ? readdirSync('reports').filter((name) => name.endsWith('.json')) : [];
const reports = files
  .map((name) => JSON.parse(readFileSync(`reports/${name}`, 'utf8')))
  .filter((report) => report.numPassedTests !== undefined);
const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
const passed = sum('numPassedTests');
// A file that did not even load has no tests to count, and still failed.
const failed = sum('numFailedTests') + sum('numRuntimeErrorTestSuites');
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (passed === 0 || failed > 0) process.exitCode = 1;
