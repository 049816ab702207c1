import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { moduleOwners } from '../names/module-owners.ts';
import { isNamespaceStub, modulesOf, STUB_BYTES } from '../names/wheel-modules.ts';
import { discard, type WriteFile } from '../store/tree-writer.ts';
import { Refusal } from '../refusal.ts';
import { archiveRefusal, type ArchiveLimits, type Budget, createBudget, safePath } from './archive.ts';
import {
  readMetadata,
  refuseCommands,
  refuseOtherMetadata,
  shadowing,
  SHADOWING_COMMAND,
  type WheelIdentity,
} from './wheel-metadata.ts';

/** The result of inspecting a whole wheel, without running any of it. */
export interface InspectedWheel {
  readonly unpackedBytes: number;
  /** Its dependencies, as `Requires-Dist` says. */
  readonly requirements: readonly string[];
  /** The import names that it brings. */
  readonly modules: readonly string[];
  /** The packages that it claims to provide or to replace, normalised. */
  readonly standsFor: readonly string[];
  /** The text of METADATA. */
  readonly metadata: string;
}

/** The path of an entry below the directory of packages; undefined for what is left out. */
export type Target = string | undefined;

const METADATA_BYTES = 8 * 1_024 ** 2;
const SYMLINK = 0o120000;
const REGULAR = 0o100000;
const KIND = 0o170000;

/** Run by Python when it starts, before any program: nothing of the kind comes in. */
const STARTUP_FILE = /^(?:[^/]*\.pth|(?:site|user)customize(?:\.[^/]*|\/.*))$/i;
/** Startup files of well-known packages that nothing needs here: they are left out. */
const KNOWN_STARTUP_FILES = new Set(['distutils-precedence.pth']);
const METADATA_FILE = /^[^/]+\.dist-info\/(?:RECORD|METADATA|WHEEL|entry_points\.txt)$/;
const RECORD = /^[^/]+\.dist-info\/RECORD$/;
const UNRECORDED = /^[^/]+\.dist-info\/RECORD(?:\.jws|\.p7s)?$/;

/**
 * Inspects a wheel and writes its files by `write`, in one pass: bounds, paths, kinds of files, files that run at startup, commands that would stand in for
 * known ones, whether RECORD fits what is there, and whether it is the release that `identity` says and no other.
 * What was written is to be thrown away when it throws.
 * @throws Refusal suspicious, too_large, hash_mismatch
 */
export async function inspectWheel(
  path: string,
  identity: WheelIdentity,
  { limits, write = discard }: WheelReading,
): Promise<InspectedWheel> {
  const subject = `${identity.name} ${identity.version}`;
  const { size } = await stat(path);
  const budget = createBudget(subject, size, limits);
  const digests = new Map<string, string>();
  const texts = new Map<string, string>();
  const stubs = new Set<string>();
  await eachFile(path, subject, async (name, open, entry) => {
    budget.entry();
    if (digests.has(name)) throw archiveRefusal(subject, 'holds the same path twice');
    const target = wheelTarget(name);
    const isText = METADATA_FILE.test(name);
    if (isText && entry.uncompressedSize > METADATA_BYTES) throw archiveRefusal(subject, 'has metadata of absurd size');
    const isInit = target?.endsWith('/__init__.py') === true && entry.uncompressedSize <= STUB_BYTES;
    refuseFile(identity, name, target ?? name);
    const keeper = isKept(target) ? write : discard;
    const { digest, content } = await readEntry(await open(), {
      budget,
      keep: isText || isInit,
      write: (chunks) => keeper(target ?? name, chunks),
    });
    digests.set(name, digest);
    if (isText) texts.set(name.replace(/^[^/]+\//, ''), content);
    if (isInit && isNamespaceStub(content)) stubs.add(target);
  });
  refuseCommands(subject, texts.get('entry_points.txt') ?? '');
  checkRecord(subject, texts.get('RECORD'), digests);
  const metadata = readMetadata(identity, texts.get('METADATA') ?? '');
  const targets = [...digests.keys()].flatMap((name) => wheelTarget(name) ?? []);
  const { names: modules } = modulesOf(targets, moduleOwners(), (target) => stubs.has(target));
  return { unpackedBytes: budget.usedBytes, ...metadata, modules, metadata: texts.get('METADATA') ?? '' };
}

const isKept = (target: Target): boolean => target !== undefined && !KNOWN_STARTUP_FILES.has(target);

/** @throws Refusal suspicious for a file that would act on other programs or packages */
function refuseFile(identity: WheelIdentity, name: string, target: string): void {
  const subject = `${identity.name} ${identity.version}`;
  refuseStartupFile(subject, target);
  refuseOtherMetadata(identity, target);
  refuseScript(subject, name);
}

export interface WheelReading {
  readonly limits: ArchiveLimits;
  /** Receives each file below its path in the directory of packages. Default: nothing is kept. */
  readonly write?: WriteFile;
}

/** Reads one file of a zip archive; undefined when it has none of that name. */
export async function readZipText(path: string, wanted: string): Promise<string | undefined> {
  let found: string | undefined;
  await eachFile(path, 'The archive', async (name, open, { uncompressedSize }) => {
    if (name === wanted && uncompressedSize <= METADATA_BYTES) found = await text(await open());
  });
  return found;
}

interface SavedEntry {
  /** Name of the file in the archive. */
  readonly wanted: string;
  readonly to: string;
  readonly maxBytes: number;
}

/** Writes one file of a zip archive to `to`. False when there is none of that name, or it is larger than it may be. */
export async function saveZipEntry(path: string, { wanted, to, maxBytes }: SavedEntry): Promise<boolean> {
  let isSaved = false;
  await eachFile(path, 'The archive', async (name, open, { uncompressedSize }) => {
    if (name !== wanted || uncompressedSize > maxBytes) return;
    await pipeline(await open(), createWriteStream(to));
    isSaved = true;
  });
  return isSaved;
}

/** Code goes to the directory of packages; commands, headers and data files have no place in a sandbox. */
function wheelTarget(name: string): Target {
  const data = /^[^/]+\.data\/(?:(purelib|platlib)\/(.+)|.*)$/.exec(name);
  return data === null ? name : data[2];
}

async function eachFile(
  path: string,
  subject: string,
  visit: (name: string, open: () => Promise<Readable>, entry: Entry) => Promise<void>,
): Promise<void> {
  let zip: ZipFile | undefined;
  try {
    zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true });
    const opened = zip;
    for await (const entry of opened.eachEntry()) {
      refuseKind(subject, entry);
      if (entry.fileName.endsWith('/')) safePath(subject, entry.fileName.slice(0, -1));
      else await visit(safePath(subject, entry.fileName), () => opened.openReadStreamPromise(entry), entry);
    }
  } catch (cause) {
    throw cause instanceof Refusal ? cause : archiveRefusal(subject, 'is not an archive that can be trusted', cause);
  } finally {
    zip?.close();
  }
}

function refuseKind(subject: string, entry: Entry): void {
  const kind = (entry.externalFileAttributes >>> 16) & KIND;
  if (kind === SYMLINK) throw archiveRefusal(subject, 'holds a link');
  const isDirectory = entry.fileName.endsWith('/');
  if (kind !== 0 && kind !== REGULAR && !isDirectory)
    throw archiveRefusal(subject, 'holds something that is not a file');
  if (!entry.canDecodeFileData()) throw archiveRefusal(subject, 'is encrypted or packed in an unknown way');
}

interface EntryReading {
  readonly budget: Budget;
  readonly keep: boolean;
  readonly write: (chunks: AsyncIterable<Buffer>) => Promise<void>;
}

async function readEntry(stream: Readable, { budget, keep, write }: EntryReading) {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      budget.bytes(chunk.length);
      hash.update(chunk);
      if (keep) kept.push(chunk);
      yield chunk;
    }
  };
  await write(counted());
  return { digest: hash.digest('base64url'), content: Buffer.concat(kept).toString() };
}

function refuseStartupFile(subject: string, target: string): void {
  if (!STARTUP_FILE.test(target) || KNOWN_STARTUP_FILES.has(target)) return;
  throw archiveRefusal(subject, `holds ${target.split('/')[0]}, which Python would run at every start`);
}

function refuseScript(subject: string, name: string): void {
  const script = /^[^/]+\.data\/scripts\/([^/]+)$/.exec(name)?.[1];
  if (script !== undefined && SHADOWING_COMMAND.test(script)) throw shadowing(subject, script);
}

/** PEP 427: every file is listed with its hash, but for the list itself. */
function checkRecord(subject: string, record: string | undefined, digests: ReadonlyMap<string, string>): void {
  if (record === undefined || [...digests.keys()].filter((name) => RECORD.test(name)).length !== 1) {
    throw archiveRefusal(subject, 'has no list of its files');
  }
  const listed = new Map(record.split(/\r?\n/).flatMap((line) => recordLine(line) ?? []));
  for (const [name, digest] of digests) {
    if (UNRECORDED.test(name)) continue;
    const claimed = listed.get(name);
    if (claimed === undefined) throw new Refusal('hash_mismatch', `${subject} holds a file that it does not list`);
    if (claimed !== `sha256=${digest}`)
      throw new Refusal('hash_mismatch', `${subject} holds a file that is not the listed one`);
  }
  for (const name of listed.keys()) {
    safePath(subject, name);
    if (!digests.has(name)) throw new Refusal('hash_mismatch', `${subject} lists a file that it does not hold`);
  }
}

/** `path,sha256=digest,size`, the path quoted where it holds a comma. */
function recordLine(line: string): [[string, string]] | undefined {
  const match = /^(?:"((?:[^"]|"")*)"|([^,"]*)),([^,]*),[^,]*$/.exec(line);
  if (match === null) return undefined;
  const [, quoted, plain, hash = ''] = match;
  return [[quoted?.replaceAll('""', '"') ?? plain ?? '', hash.replace(/(?<!=)=+$/, '')]];
}
