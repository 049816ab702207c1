import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Fetcher } from '../packages/index/fetcher.ts';
import type { PackageIndex } from '../packages/index/project.ts';
import { Refusal } from '../packages/refusal.ts';
import type { LockedFont } from './lock.ts';

const MAX_TARBALL_BYTES = 128 * 1_024 ** 2;
/** The licence of the font itself in packages of Google's fonts. */
const LICENCE = 'package/LICENSE_FONT';
const MAX_LICENCE_BYTES = 64 * 1_024;

export interface FontsOptions {
  readonly fonts: readonly LockedFont[];
  readonly fetcher: Fetcher;
  /** npm's registry. */
  readonly registry: PackageIndex;
  readonly signal: AbortSignal;
  readonly advance: (part: number) => void;
}

/** Takes each font and its licence out of its package into `folder`, against the hash of the font. */
export async function buildFonts(folder: string, { fonts, fetcher, registry, signal, advance }: FontsOptions) {
  const total = fonts.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const font of fonts) {
    const { releases } = await registry.project(font.package, signal);
    const url = releases.find(({ version }) => version === font.version)?.files[0]?.url;
    if (url === undefined) throw new Refusal('not_found', `The registry does not have ${font.package}@${font.version}`);
    const file = await fetcher.read(url, { signal, maxBytes: MAX_TARBALL_BYTES }, (body) => takeOut(body, font));
    const name = basename(font.path);
    const stem = name.split('_', 1)[0] ?? name;
    await writeFile(join(folder, `${stem}-Regular.ttf`), file.font, { mode: 0o444 });
    await writeFile(join(folder, `${stem}-LICENSE.txt`), file.licence, { mode: 0o444 });
    advance(font.bytes / total);
  }
  return { fonts: fonts.map(({ path }) => basename(path)), bytes: total };
}

/** Reads a tarball as far as its font and no further: the largest has nine weights, and one is needed. */
async function takeOut(body: AsyncIterable<Uint8Array>, { package: name, path, sha256, bytes }: LockedFont) {
  const gunzip = createGunzip();
  const tar = extract();
  gunzip.pipe(tar);
  gunzip.on('error', (error) => tar.destroy(error));
  const feeding = feed(body, gunzip);
  let licence = Buffer.alloc(0);
  try {
    for await (const entry of tar) {
      const { name: file, size } = entry.header;
      const isLicence = file === LICENCE && size <= MAX_LICENCE_BYTES;
      const isFont = file === `package/${path}` && size === bytes;
      if (isLicence || isFont) {
        const chunks: Buffer[] = [];
        for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
        if (isLicence) licence = Buffer.concat(chunks);
        else return { font: checked(Buffer.concat(chunks), name, sha256), licence };
      } else entry.resume();
    }
  } finally {
    gunzip.destroy();
    tar.destroy();
    await feeding.catch(() => {});
  }
  throw new Refusal('not_found', `${name} of the registry does not have ${path}`);
}

async function feed(body: AsyncIterable<Uint8Array>, gunzip: NodeJS.WritableStream & { destroyed?: boolean }) {
  for await (const chunk of body) {
    if (gunzip.destroyed === true) return;
    if (!gunzip.write(chunk)) await new Promise((resolve) => void gunzip.once('drain', resolve).once('close', resolve));
  }
  gunzip.end();
}

function checked(font: Buffer, name: string, sha256: string): Buffer {
  if (createHash('sha256').update(font).digest('hex') === sha256) return font;
  throw new Refusal('hash_mismatch', `The font of ${name} is not the pinned file: its hash differs`);
}
