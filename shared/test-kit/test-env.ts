import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where chats of tests are kept, apart from what a user of this machine keeps. */
export const CHAT_DATA_DIR = mkdtempSync(join(tmpdir(), 'chats-'));

/** Settings of every service under test, unless the test has others: a free port and data of its own. */
export const TEST_ENV = { PORT: '0', CHAT_DATA_DIR };

/** What processes under test inherit of this one: where to find programs, Node's cache of compiled code, coverage. */
export const INHERITED_ENV: Readonly<Record<string, string>> = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE', 'NODE_V8_COVERAGE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
