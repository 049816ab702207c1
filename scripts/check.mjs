// `npm run check`: lint, format and types, without a test.
import { ensureInstalled } from './install.mjs';
import { runChecks } from './steps.mjs';

ensureInstalled();
if (!(await runChecks())) process.exitCode = 1;
