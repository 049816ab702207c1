// `npm run pin-images`: writes the digest of every base and third-party image beside its tag. With --check it only lists
// those without one, and fails where an image has not even a version.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describe, IMAGE_FILES, type ImageReference, imagesIn, isMoving, withDigests } from './supply-chain/images.ts';
import { digestOf } from './supply-chain/registry.ts';

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    registry: { type: 'string' },
    folder: { type: 'string', default: '.' },
  },
});
const files = IMAGE_FILES.map((file) => `${values.folder}/${file}`);
process.exitCode = values.check ? check() : await pin();

function check(): number {
  const found = files.flatMap((file) => imagesIn(readFileSync(file, 'utf8')).map((image) => ({ file, image })));
  for (const { file, image } of found.filter(({ image: { digest } }) => digest === undefined)) {
    process.stdout.write(`${file}: ${describe(image)} has no digest${isMoving(image) ? ', nor a version' : ''}\n`);
  }
  return found.some(({ image }) => isMoving(image)) ? 1 : 0;
}

/** Asks for all digests before it writes any, and goes on with the others when one cannot be had. */
async function pin(): Promise<number> {
  const digests = new Map<string, string>();
  const keyOf = ({ name, tag }: ImageReference) => describe({ name, tag, digest: undefined });
  let failed = 0;
  for (const image of files.flatMap((file) => imagesIn(readFileSync(file, 'utf8')))) {
    if (digests.has(keyOf(image))) continue;
    try {
      digests.set(keyOf(image), await digestOf(image, values.registry));
    } catch (error) {
      failed = 1;
      process.stderr.write(`pin-images: ${Error.isError(error) ? error.message : String(error)}\n`);
    }
  }
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const pinned = withDigests(text, (image) => digests.get(keyOf(image)));
    if (pinned !== text) writeFileSync(file, pinned);
  }
  process.stdout.write(`pin-images: ${digests.size} images have their digest\n`);
  return failed;
}
