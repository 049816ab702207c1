import assert from 'lazy:./assert.ts';
import buffer from 'lazy:../node/buffer.ts';
import crypto from 'lazy:../node/crypto.ts';
import events from 'lazy:../node/events.ts';
import fs from 'lazy:../node/fs.ts';
import os from 'lazy:../node/os.ts';
import path from 'lazy:./path.ts';
import process from 'lazy:../node/process.ts';
import punycode from 'lazy:./punycode.ts';
import querystring from 'lazy:../node/querystring.ts';
import readline from 'lazy:../node/readline.ts';
import consumers from 'lazy:../node/stream-consumers.ts';
import stream from 'lazy:../node/stream.ts';
import decoder from 'lazy:./string-decoder.ts';
import timers from 'lazy:../node/timers.ts';
import tty from 'lazy:../node/tty.ts';
import url from 'lazy:../node/url.ts';
import util from 'lazy:../node/util.ts';
import webStreams from 'lazy:../web/streams.ts';
import zlib from 'lazy:../node/zlib.ts';
import { performance } from '../web/performance.ts';
import { propertyOf } from './record.ts';

type Load = () => unknown;
const part =
  (load: () => Readonly<Record<string, unknown>>, name: string): Load =>
  () =>
    load()[name];

/** The modules of Node that the sandbox has, each loaded when it is first asked for. */
const MODULES: Readonly<Record<string, Load>> = {
  assert: part(assert, 'assert'),
  'assert/strict': () => propertyOf(assert()['assert'], 'strict'),
  buffer: part(buffer, 'buffer'),
  constants: () => propertyOf(fs()['fs'], 'constants'),
  crypto: part(crypto, 'crypto'),
  events: part(events, 'events'),
  fs: part(fs, 'fs'),
  'fs/promises': part(fs, 'promises'),
  os: part(os, 'os'),
  path: part(path, 'path'),
  'path/posix': part(path, 'path'),
  perf_hooks: () => ({ performance }),
  process: part(process, 'process'),
  punycode: part(punycode, 'punycode'),
  querystring: part(querystring, 'querystring'),
  readline: part(readline, 'readline'),
  'readline/promises': part(readline, 'promises'),
  stream: part(stream, 'stream'),
  'stream/consumers': part(consumers, 'consumers'),
  'stream/promises': part(stream, 'promises'),
  'stream/web': webStreams,
  string_decoder: part(decoder, 'decoder'),
  timers: part(timers, 'timers'),
  'timers/promises': part(timers, 'promises'),
  tty: part(tty, 'tty'),
  url: part(url, 'url'),
  util: part(util, 'util'),
  'util/types': () => propertyOf(util()['util'], 'types'),
  zlib: part(zlib, 'zlib'),
};

/** The sandbox's own modules, by their names; `more` are those that depend on the program. */
export function createBuiltins(more: Readonly<Record<string, Load>>) {
  const loads: ReadonlyMap<string, Load> = new Map(Object.entries({ ...MODULES, ...more }));
  return {
    names: [...loads.keys()].toSorted(),
    has: (name: string): boolean => loads.has(name),
    load: (name: string): unknown => loads.get(name)?.(),
  };
}
