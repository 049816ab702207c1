import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** Its command line, cut. */
  readonly command: string;
}

const MAX_COMMAND = 80;
const LISTENING = '0A';

/** Returns the process that listens on a port, as far as /proc shows it to us. */
export function portHolder(port: number): PortHolder | undefined {
  const sockets = new Set(
    ['tcp', 'tcp6'].flatMap((table) => listeners(table, port)).map((inode) => `socket:[${inode}]`),
  );
  if (sockets.size === 0) return undefined;
  const pid = entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => entries(`/proc/${name}/fd`).some((fd) => sockets.has(linkOf(`/proc/${name}/fd/${fd}`))));
  if (pid === undefined) return undefined;
  const command = read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim();
  return { pid: Number(pid), command: command.slice(0, MAX_COMMAND) };
}

/** Inodes of the sockets that listen on a port (https://docs.kernel.org/networking/proc_net_tcp.html). */
function listeners(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return read(`/proc/net/${table}`)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(wanted) === true && fields[3] === LISTENING)
    .flatMap((fields) => fields[9] ?? []);
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
