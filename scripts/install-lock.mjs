// Runs on whatever Node the machine has, before anything is installed: no dependencies, no TypeScript.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const POLL_MS = 100;

/**
 * Runs `task` while no other process of this machine does so under the lock file `path`, which holds the pid of its
 * holder. A holder that has died is replaced. Returns undefined when the lock was not free after `waitMs`: then
 * `onTimeout` has been called with the holder's pid. `onWait` is called with it when the waiting begins.
 */
export function withLock({ path, waitMs, onWait, onTimeout }, task) {
  const deadline = Date.now() + waitMs;
  let isWaiting = false;
  while (!take(path)) {
    const holder = holderOf(path);
    if (holder === undefined) continue;
    if (!isRunning(holder)) {
      removeStale(path, holder);
      continue;
    }
    if (Date.now() > deadline) return onTimeout(holder);
    if (!isWaiting) onWait(holder);
    isWaiting = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  try {
    return task();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Makes the lock with its content in one step, so that nobody ever reads half a pid. */
function take(path) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function holderOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Moves the lock away before it removes it: another process may have replaced it since it was read. */
function removeStale(path, holder) {
  const moved = `${path}.${process.pid}`;
  try {
    renameSync(path, moved);
    if (holderOf(moved) !== holder) linkSync(moved, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(moved, { force: true });
  }
}
