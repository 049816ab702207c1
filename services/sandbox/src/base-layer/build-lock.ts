import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

const FLOCK = '/usr/bin/flock';

/**
 * Waits until no other process builds, and returns how to let the next one. The kernel ends the hold with the process that
 * has it, however that ends. Without util-linux there is no waiting: two builds at once are wasteful, and both succeed.
 */
export async function holdLock(path: string, signal: AbortSignal, onWait: () => void): Promise<() => void> {
  if (!existsSync(FLOCK)) return () => {};
  const child = spawn(FLOCK, [path, '/bin/sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
  const release = (): void => {
    child.stdin.destroy();
    child.kill();
  };
  const waits = setTimeout(onWait, 1_000);
  signal.addEventListener('abort', release, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`flock ended with ${code ?? 'a signal'}`)));
    });
    return release;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(waits);
  }
}
