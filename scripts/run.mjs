// Runs a script of the project on the Node that the project brings along, after installing what is missing.
// Argument: the script, from the project's root; the rest is passed on.
import { spawn } from 'node:child_process';
import { ensureInstalled, ensurePageBuilt, projectNode, ROOT } from './install.mjs';

ensureInstalled();
ensurePageBuilt();
const child = spawn(projectNode(), process.argv.slice(2), {
  cwd: ROOT,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});

// The script cleans up and then ends; until then we have to stay.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
// Whoever started us may be killed without a word. The script notices in turn when we are gone.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 1_000).unref();

child.on('exit', (code) => process.exit(code ?? 1));
