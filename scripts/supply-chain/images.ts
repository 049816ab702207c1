/** An image that a file names: `name:tag@digest`. */
export interface ImageReference {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** The files that name images, from the project's root. */
export const IMAGE_FILES = ['Dockerfile', 'docker-compose.yml', '.github/workflows/ci.yml'];

const NAMED = /(\bimage: ['"]?|^FROM |^ARG \w+_IMAGE=)([a-z0-9][\w./:-]*(?:@sha256:[0-9a-f]{64})?)/gm;

/** Lists the images that a Dockerfile, a compose file or a workflow names; stages of the file itself are none. */
export function imagesIn(text: string): readonly ImageReference[] {
  const stages = new Set([...text.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, stage]) => stage));
  return [...text.matchAll(NAMED)].flatMap(([, , reference = '']) => (stages.has(reference) ? [] : [parse(reference)]));
}

/** Returns `text` with the digest of each image that `digestOf` knows one for. */
export function withDigests(text: string, digestOf: (image: ImageReference) => string | undefined): string {
  const stages = new Set([...text.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, stage]) => stage));
  return text.replaceAll(NAMED, (whole, before: string, reference: string) => {
    if (stages.has(reference)) return whole;
    const image = parse(reference);
    const digest = digestOf(image);
    return digest === undefined ? whole : before + describe({ ...image, digest });
  });
}

/** Writes an image as files name it. */
export const describe = ({ name, tag, digest }: ImageReference): string =>
  name + (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);

/** Returns whether the image of a reference changes by design: it has no tag, or one that follows every release. */
export const isMoving = ({ tag, digest }: ImageReference): boolean =>
  digest === undefined && (tag === undefined || tag === 'latest');

function parse(reference: string): ImageReference {
  const [named = '', digest] = reference.split('@', 2);
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/')
    ? { name: named.slice(0, colon), tag: named.slice(colon + 1), digest }
    : { name: named, tag: undefined, digest };
}
