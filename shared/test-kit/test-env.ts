import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Database of the tests' chats, apart from that of this machine's user. */
export const CHAT_DATA_DIR = mkdtempSync(join(tmpdir(), 'chats-'));

/** Homes of the commands of tests. */
const MESH_CACHE_DIR = mkdtempSync(join(tmpdir(), 'homes-'));

/**
 * Settings of every service under test, unless the test has others: a free port, data of its own, few warm workers, no
 * downloads in the background.
 */
export const TEST_ENV = { PORT: '0', CHAT_DATA_DIR, MESH_CACHE_DIR, MIN_WORKERS: '1', SANDBOX_BASE_LAYER: 'off' };

/** Environment that processes under test inherit: the PATH, Node's compile cache, coverage. */
export const INHERITED_ENV: Readonly<Record<string, string>> = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE', 'NODE_V8_COVERAGE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
