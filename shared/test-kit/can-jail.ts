import { spawnSync } from 'node:child_process';
import type { User } from './service-process.ts';

/** Tells whether this machine lets `user` make the jail that Python in namespaces needs. */
export function canJail(user: User = {}): boolean {
  const make = ['bwrap', '--unshare-pid', '--unshare-net', '--ro-bind', '/', '/', '/usr/bin/python3', '-V'];
  return spawnSync('/usr/bin/env', make, { ...user, stdio: 'ignore', cwd: '/' }).status === 0;
}
