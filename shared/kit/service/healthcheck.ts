// Asks a service of this container whether it is healthy. Argument: its port. Docker marks a container that is not and
// leaves it running: after six checks in a row without an answer, the process that listens there is ended, and the
// container's restart policy starts it again.
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isRecord } from '../json/is-record.ts';
import { parseJson } from '../json/parse-json.ts';
import { afterCheck, type HealthCount, UNCHECKED } from './health-count.ts';

const port = Number(process.argv[2]);
const COUNT_FILE = `${tmpdir()}/health-${port}.json`;
/** Less than the timeout of the check in docker-compose.yml. */
const TIMEOUT_MS = 2_500;

const pid = pidListeningOn(port);
const answered = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
  ({ ok }) => ({ isHealthy: ok }),
  () => undefined,
);
const { isHung, ...count } = afterCheck(readCount(), { pid, isAnswering: answered !== undefined });
try {
  writeFileSync(COUNT_FILE, JSON.stringify(count));
} catch {
  // A container without a place to write to is only marked.
}
if (isHung && pid !== undefined) {
  process.stdout.write('no answer for half a minute; ending the process\n');
  process.kill(pid, 'SIGKILL');
}
process.exit(answered?.isHealthy === true ? 0 : 1);

function readCount(): HealthCount {
  try {
    const read = parseJson(readFileSync(COUNT_FILE, 'utf8'));
    if (!isRecord(read)) return UNCHECKED;
    const { pid: before, hasAnswered, failures } = read;
    if (typeof before !== 'number' || typeof failures !== 'number') return UNCHECKED;
    return { pid: before, hasAnswered: hasAnswered === true, failures };
  } catch {
    return UNCHECKED;
  }
}

/** Finds the process that listens on a port by the socket that the kernel lists for it (proc_pid_net(5)). */
function pidListeningOn(listened: number): number | undefined {
  const suffix = `:${listened.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = ['tcp', 'tcp6'].flatMap((family) =>
    linesOf(`/proc/self/net/${family}`)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => local.endsWith(suffix) && state === '0A')
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((candidate) => descriptorsOf(candidate).some((descriptor) => sockets.includes(descriptor)));
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch {
    return [];
  }
}

function descriptorsOf(candidate: number): readonly string[] {
  try {
    const folder = `/proc/${candidate}/fd`;
    return readdirSync(folder).map((name) => readlinkSync(`${folder}/${name}`));
  } catch {
    return []; // It has ended, or is another user's.
  }
}
