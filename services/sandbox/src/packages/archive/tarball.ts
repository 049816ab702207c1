import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { extract, type Header } from 'tar-stream';
import { z } from 'zod';
import { archiveRefusal, type ArchiveLimits, type Budget, createBudget, safePath } from './archive.ts';
import { Refusal } from '../refusal.ts';

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
});

/**
 * Inspects a tarball of npm: bounds, paths, kinds of files, native code, bundled packages, and whether it is
 * the package that the registry says.
 * @throws Refusal suspicious, too_large, install_failed
 */
export async function inspectTarball(
  path: string,
  expected: { readonly name: string; readonly version: string },
  limits: ArchiveLimits,
): Promise<InspectedTarball> {
  const subject = `${expected.name}@${expected.version}`;
  const { size } = await stat(path);
  const budget = createBudget(subject, size, limits);
  const seen = new Set<string>();
  let manifest: string | undefined;
  await eachFile({ path, subject, budget }, async (target, content) => {
    if (seen.has(target)) throw archiveRefusal(subject, 'holds the same path twice');
    seen.add(target);
    refuseNative(subject, target);
    if (target.startsWith('node_modules/')) throw archiveRefusal(subject, 'brings other packages along, unchecked');
    const kept: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.length;
      if (target === 'package.json' && bytes <= MANIFEST_BYTES) kept.push(chunk);
    }
    if (target === 'package.json') manifest = Buffer.concat(kept).toString();
  });
  return { unpackedBytes: budget.usedBytes, hooks: checkManifest(subject, expected, manifest) };
}

export interface Tarball {
  readonly path: string;
  /** Names it in messages. */
  readonly subject: string;
  readonly limits: ArchiveLimits;
}

/** Receives a file with its path below the package. */
export type VisitFile = (target: string, content: AsyncIterable<Buffer>) => Promise<void>;

/** Calls `visit` with each file. Only for a tarball that `inspectTarball` has passed. */
export async function readTarball({ path, subject, limits }: Tarball, visit: VisitFile): Promise<void> {
  const { size } = await stat(path);
  await eachFile({ path, subject, budget: createBudget(subject, size, limits) }, visit);
}

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
  if (!target.endsWith('.node') && target !== 'binding.gyp') return;
  throw new Refusal('install_failed', `${subject} needs native code, which does not run in the sandbox`);
}

function checkManifest(
  subject: string,
  expected: { readonly name: string; readonly version: string },
  text: string | undefined,
): readonly string[] {
  const parsed = Manifest.safeParse(parseJson((text ?? '').replace(/^\ufeff/, '')));
  if (!parsed.success) throw archiveRefusal(subject, 'has no package.json that can be read');
  const { name, version, scripts, gypfile } = parsed.data;
  if (name !== expected.name || version.replace(/^[v=]+/, '') !== expected.version) {
    throw archiveRefusal(subject, 'says that it is another package');
  }
  if (gypfile === true)
    throw new Refusal('install_failed', `${subject} needs native code, which does not run in the sandbox`);
  return HOOKS.filter((hook) => hook in scripts);
}
