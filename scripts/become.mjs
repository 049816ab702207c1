import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Replaces this process by `node` with `args`, so that nothing of it stays; an old Node cannot, and waits for a child. */
export function become(node, args, env) {
  if (process.execve !== undefined && process.platform !== 'win32') process.execve(node, [node, ...args], env);
  const child = spawn(node, args, { env, stdio: 'inherit' });
  hideEnvironment();
  // The script cleans up and then ends; until then this process has to stay.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 1_000).unref();
  child.on('exit', (code) => process.exit(code ?? 1));
}

/** Empties what `/proc/PID/environ` shows of this process, which has no use for it any more (proc_pid_stat(5)). */
function hideEnvironment() {
  if (process.platform !== 'linux') return;
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [start, end] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(47, 49)
      .map(Number);
    const memory = openSync('/proc/self/mem', 'r+');
    writeSync(memory, Buffer.alloc(end - start), 0, end - start, start);
    closeSync(memory);
  } catch {
    // Some systems refuse it; the mesh works all the same.
  }
}
