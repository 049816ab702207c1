import { spawn } from 'node:child_process';

/** Replaces this process by `node` with `args`, so that nothing of it stays; an old Node cannot, and waits for a child. */
export function become(node, args, env) {
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
