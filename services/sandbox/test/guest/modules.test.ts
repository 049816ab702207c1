import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createCipher } from '../../guest/node/ciphers.ts';
import { hasherOf, hmacOf, pbkdf2Of } from '../../guest/node/hashes.ts';
import { querystring } from '../../guest/node/querystring.ts';
import { readline } from '../../guest/node/readline.ts';
import { zlib } from '../../guest/node/zlib.ts';
import { host } from '../../guest/shared/host.ts';
import { createTimers } from '../../guest/shared/timers.ts';
import { atob, btoa } from '../../guest/web/base64.ts';
import { Blob } from '../../guest/web/blob.ts';
import { structuredClone as clone } from '../../guest/web/structured-clone.ts';

// The modules of the guest, in this process: Node's own are what they are compared with.

beforeAll(() => {
  host.nextTick = (callback, args) => process.nextTick(callback, ...args);
});

describe('hashes and ciphers are those of Node', () => {
  const text = new TextEncoder().encode('tööl');
  test.each(['md5', 'sha1', 'SHA256', 'sha384', 'sha512', 'sha3-256', 'blake2b512'])('%s', (name) => {
    const hasher = hasherOf(name);
    hasher.update(text);
    expect(Buffer.from(hasher.digest())).toEqual(createHash(name).update(text).digest());
  });

  test('hmac and pbkdf2', () => {
    const hasher = hmacOf('sha256', text);
    hasher.update(text);
    expect(Buffer.from(hasher.digest())).toEqual(createHmac('sha256', text).update(text).digest());
    const derived = pbkdf2Of('secret', 'salt', 1_000, 32, 'sha512');
    expect(Buffer.from(derived)).toEqual(pbkdf2Sync('secret', 'salt', 1_000, 32, 'sha512'));
  });

  test('AES gives back what it was given, and refuses another tag', () => {
    const [key, iv] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2)];
    const cipher = createCipher('aes-256-gcm', { key, iv, encrypts: true });
    cipher.update('secret', 'utf8');
    const sealed = cipher.final();
    const open = (tag: Uint8Array) => {
      const decipher = createCipher('aes-256-gcm', { key, iv, encrypts: false });
      decipher.setAuthTag(tag);
      decipher.update(sealed);
      return String(decipher.final());
    };
    expect(open(cipher.getAuthTag())).toBe('secret');
    expect(() => open(new Uint8Array(16))).toThrow(/tag/);
  });
});

test('zlib and Node read each other', async () => {
  const call = (name: string, data: unknown): unknown => Reflect.apply(Reflect.get(zlib, name), zlib, [data]);
  expect(String(call('gunzipSync', gzipSync('hällo')))).toBe('hällo');
  const packed = call('gzipSync', 'hällo'.repeat(1_000));
  expect(gunzipSync(packed instanceof Uint8Array ? packed : '').toString()).toBe('hällo'.repeat(1_000));
  expect(() => call('inflateSync', new Uint8Array([1, 2, 3]))).toThrow(
    expect.objectContaining({ code: 'Z_DATA_ERROR' }),
  );
  expect(zlib.crc32('hello')).toBe(0x3610a686);
});

test('structuredClone copies circles and refuses functions', () => {
  const given: Record<string, unknown> = {
    map: new Map([[{ a: 1 }, new Set([1])]]),
    date: new Date(5),
    bytes: new Uint8Array([1]),
  };
  given['self'] = given;
  const copied = clone(given);
  expect(copied).toEqual(given);
  expect(copied).not.toBe(given);
  expect(() => clone({ call() {} })).toThrow(expect.objectContaining({ name: 'DataCloneError', code: 25 }));
});

test('base64 of the web is strict, blobs are bytes', async () => {
  expect(atob(btoa('\u00ff\0a'))).toBe('\u00ff\0a');
  expect(() => btoa('€')).toThrow(expect.objectContaining({ name: 'InvalidCharacterError' }));
  expect(() => atob('a')).toThrow(expect.objectContaining({ name: 'InvalidCharacterError' }));
  const blob = new Blob(['h€', new Uint8Array([33])], { type: 'Text/Plain' });
  expect([blob.size, blob.type, await blob.slice(1).text()]).toEqual([5, 'text/plain', '€!']);
});

test('querystring has separators of its own', () => {
  expect({ ...querystring.parse('a=1&b=2&a=3') }).toEqual({ a: ['1', '3'], b: '2' });
  expect({ ...querystring.parse('a:1;b:2', ';', ':') }).toEqual({ a: '1', b: '2' });
  expect(querystring.stringify({ a: 'x y', b: ['1', '2'] })).toBe('a=x%20y&b=1&b=2');
});

test('readline gives lines to events, questions and loops', async () => {
  async function* input() {
    yield 'one\ntw';
    yield 'o\r\nthree';
  }
  const asked: string[] = [];
  const lines = readline.createInterface({ input: input() });
  await new Promise((resolve) => {
    lines.question('? ', (answer: unknown) => asked.push(`answer ${String(answer)}`));
    lines.on('line', (line) => asked.push(String(line)));
    lines.on('close', resolve);
  });
  expect(asked).toEqual(['answer one', 'two', 'three']);
  const read: string[] = [];
  for await (const line of readline.createInterface({ input: input() })) read.push(line);
  expect(read).toEqual(['one', 'two', 'three']);
});

test('timers wait, end, and let a program end without them', () => {
  const scheduled: number[] = [];
  const errors: unknown[] = [];
  const timers = createTimers({ schedule: (id) => scheduled.push(id), onError: (error) => errors.push(error) });
  const { setTimeout: later, clearTimeout: clear, setInterval: repeat } = timers.functions;
  const seen: unknown[] = [];
  const first = later((value: unknown) => seen.push(value), 5, 'a');
  const gone = later(() => seen.push('never'), 5);
  clear(gone);
  const kept = repeat(() => seen.push('tick'), 5).unref();
  later(() => {
    throw new Error('late');
  }, 1);
  for (const id of scheduled.slice()) timers.fire(id);
  expect([seen, errors.length, timers.isIdle()]).toEqual([['a', 'tick'], 1, true]);
  first.refresh();
  expect(timers.isIdle()).toBe(false);
  clear(Number(kept));
  timers.clear();
  expect(timers.isIdle()).toBe(true);
});
