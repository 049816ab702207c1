// Runs a script of the project on the Node that the project brings along, after installing what is missing.
// Argument: the script, from the project's root; the rest is passed on.
import { spawn } from 'node:child_process';
import { COMPILE_CACHE, ensureInstalled, ensurePageBuilt, projectNode, ROOT } from './install.mjs';

ensureInstalled();
ensurePageBuilt();
process.chdir(ROOT);
become(projectNode(), process.argv.slice(2), { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env });

/** Replaces this process, so that nothing of it stays beside the script; an old Node cannot, and waits for a child. */
function become(node, args, env) {
  if (process.execve !== undefined && process.platform !== 'win32') process.execve(node, [node, ...args], env);
  const child = spawn(node, args, { env, stdio: 'inherit' });
  // The script cleans up and then ends; until then this process has to stay.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 1_000).unref();
  child.on('exit', (code) => process.exit(code ?? 1));
}
