import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { extract, type Header } from 'tar-stream';
import { z } from 'zod';
import { archiveRefusal, type ArchiveLimits, type Budget, createBudget, safePath } from './archive.ts';
import { Refusal } from '../refusal.ts';
import { discard, type WriteFile } from '../store/tree-writer.ts';

/** The result of inspecting a whole tarball, without running any of it. */
export interface InspectedTarball {
  readonly unpackedBytes: number;
  /** Scripts that npm would have run when installing. */
  readonly hooks: readonly string[];
}

const MANIFEST_BYTES = 4 * 1_024 ** 2;
const HOOKS = ['preinstall', 'install', 'postinstall', 'prepare'];

const Manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  scripts: z.record(z.string(), z.unknown()).catch({}),
  gypfile: z.unknown().optional(),
  optionalDependencies: z.record(z.string(), z.unknown()).catch({}),
});

/** A tarball is read for a machine that runs native code, or for an isolate, which has none. */
export interface TarballReading {
  readonly limits: ArchiveLimits;
  readonly isNative: boolean;
  /** Receives each file with its path below the package. Default: nothing is kept. */
  readonly write?: WriteFile;
}

/**
 * Inspects a tarball of npm and writes its files by `write`, in one pass: bounds, paths, kinds of files, native code,
 * bundled packages, and whether it is the package that the registry says. What was written is to be thrown away when it
 * throws.
 * @throws Refusal suspicious, too_large, install_failed
 */
export async function inspectTarball(
  path: string,
  expected: { readonly name: string; readonly version: string },
  { limits, isNative, write = discard }: TarballReading,
): Promise<InspectedTarball> {
  const subject = `${expected.name}@${expected.version}`;
  const { size } = await stat(path);
  const budget = createBudget(subject, size, limits);
  const seen = new Set<string>();
  let manifest: string | undefined;
  await eachFile({ path, subject, budget }, async (target, content) => {
    if (seen.has(target)) throw archiveRefusal(subject, 'holds the same path twice');
    seen.add(target);
    if (!isNative) refuseNative(subject, target);
    if (target.startsWith('node_modules/')) throw archiveRefusal(subject, 'brings other packages along, unchecked');
    if (target !== 'package.json') return write(target, content);
    const kept: Buffer[] = [];
    await write(target, keeping(content, kept));
    manifest = Buffer.concat(kept).toString();
  });
  const { hooks, needsBuild, hasBuilds } = checkManifest(subject, expected, manifest);
  if (seen.has('binding.gyp') || needsBuild)
    refuseUnbuilt(subject, isNative && (hasBuilds || [...seen].some(isPrebuilt)));
  return { unpackedBytes: budget.usedBytes, hooks };
}

async function* keeping(content: AsyncIterable<Buffer>, kept: Buffer[]): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes <= MANIFEST_BYTES) kept.push(chunk);
    yield chunk;
  }
}

type VisitFile = (target: string, content: AsyncIterable<Buffer>) => Promise<void>;

interface OpenTarball {
  readonly path: string;
  readonly subject: string;
  readonly budget: Budget;
}

async function eachFile({ path, subject, budget }: OpenTarball, visit: VisitFile): Promise<void> {
  const tar = extract();
  // Counted before it is read as a tar, so that a bomb of nothing but headers is one, too.
  const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      budget.bytes(chunk.length);
      yield chunk;
    }
  };
  const visiting = async (): Promise<void> => {
    for await (const entry of tar) {
      budget.entry();
      const target = targetOf(subject, entry.header);
      if (target !== undefined) await visit(target, buffersOf(entry));
      entry.resume();
    }
  };
  const piping = pipeline(createReadStream(path), createGunzip(), counted, tar);
  // Each ends with the other, whose own error is not the reason then.
  const ends = await Promise.allSettled([visiting(), piping]);
  const causes = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  if (causes.length === 0) return;
  const refusal: unknown = causes.find((cause) => cause instanceof Refusal);
  throw refusal ?? archiveRefusal(subject, 'is not an archive that can be trusted', causes[0]);
}

async function* buffersOf(chunks: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (Buffer.isBuffer(chunk)) yield chunk;
    else if (chunk instanceof Uint8Array) yield Buffer.from(chunk);
  }
}

/** The path below the first directory, which is `package/` as a rule. Undefined for directories. */
function targetOf(subject: string, { name, type }: Header): string | undefined {
  const isDirectory = type === 'directory';
  if (!isDirectory && type !== 'file' && type !== 'contiguous-file') {
    throw archiveRefusal(
      subject,
      type === 'symlink' || type === 'link' ? 'holds a link' : 'holds something that is not a file',
    );
  }
  const [, ...rest] = safePath(subject, name.replace(/^\.\//, '').replace(/\/$/, '')).split('/');
  if (isDirectory) return undefined;
  if (rest.length === 0) throw archiveRefusal(subject, 'holds a file outside its directory');
  return rest.join('/');
}

function refuseNative(subject: string, target: string): void {
  if (!target.endsWith('.node')) return;
  throw new Refusal('install_failed', `${subject} needs native code, which does not run in the sandbox`);
}

function checkManifest(
  subject: string,
  expected: { readonly name: string; readonly version: string },
  text: string | undefined,
) {
  const parsed = Manifest.safeParse(parseJson((text ?? '').replace(/^\ufeff/, '')));
  if (!parsed.success) throw archiveRefusal(subject, 'has no package.json that can be read');
  const { name, version, scripts, gypfile, optionalDependencies } = parsed.data;
  const hooks = HOOKS.filter((hook) => hook in scripts);
  if (name !== expected.name || version.replace(/^[v=]+/, '') !== expected.version) {
    throw archiveRefusal(subject, 'says that it is another package');
  }
  return { hooks, needsBuild: gypfile === true, hasBuilds: Object.keys(optionalDependencies).length > 0 };
}

/** Matches a build that the package brings along, as node-gyp-build finds them. */
const isPrebuilt = (path: string): boolean => /^(?:prebuilds|bin|build\/Release)\/.*\.node$/.test(path);

function refuseUnbuilt(subject: string, isBuilt: boolean): void {
  if (isBuilt) return;
  const message = `${subject} needs native code that its install script would build, and no script of a package is run`;
  throw new Refusal('install_failed', message);
}
