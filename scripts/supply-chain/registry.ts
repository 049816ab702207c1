import { createHash } from 'node:crypto';
import { describe, type ImageReference } from './images.ts';

const DOCKER_HUB = 'https://registry-1.docker.io';
const TIMEOUT_MS = 20_000;
const MAX_MANIFEST_BYTES = 4 * 1_024 ** 2;
/** Manifests for all platforms come first: a digest of one platform would be wrong on another. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Requests the manifest that a tag stands for and returns its digest, computed here. `registry` is asked in place of the
 * image's own. @throws Error that names the image
 */
export async function digestOf(image: ImageReference, registry?: string): Promise<string> {
  const { host, path } = locate(image);
  const url = new URL(`/v2/${path}/manifests/${image.tag ?? 'latest'}`, registry ?? host);
  const first = await get(url);
  const answer = first.status === 401 ? await get(url, await tokenFor(first, image)) : first;
  if (!answer.ok) throw new Error(`${describe(image)}: the registry answers with status ${answer.status}`);
  const manifest = Buffer.from(await answer.arrayBuffer());
  if (manifest.length > MAX_MANIFEST_BYTES) throw new Error(`${describe(image)}: its manifest is too large`);
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  const declared = answer.headers.get('docker-content-digest') ?? digest;
  if (declared !== digest)
    throw new Error(`${describe(image)}: the manifest is not the one that the registry declares`);
  return digest;
}

/** Returns the registry of an image and the path that it has there. */
function locate({ name }: ImageReference): { readonly host: string; readonly path: string } {
  const [first = '', ...rest] = name.split('/');
  if (rest.length > 0 && /[.:]/.test(first)) return { host: `https://${first}`, path: rest.join('/') };
  return { host: DOCKER_HUB, path: rest.length === 0 ? `library/${name}` : name };
}

const get = (url: URL, token?: string): Promise<Response> =>
  fetch(url, {
    headers: { accept: MANIFESTS, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });

/** Requests a token to read, as the registry's refusal says (https://distribution.github.io/distribution/spec/auth/token/). */
async function tokenFor(refusal: Response, image: ImageReference): Promise<string> {
  const challenge = refusal.headers.get('www-authenticate') ?? '';
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(realm|service|scope)="([^"]*)"/g)].map(([, key = '', value]) => [key, value]),
  );
  const { realm, service, scope } = fields;
  if (realm === undefined) throw new Error(`${describe(image)}: the registry wants a login`);
  const url = new URL(realm);
  for (const [key, value] of Object.entries({ service, scope }))
    if (value !== undefined) url.searchParams.set(key, value);
  const answer = await get(url);
  const body: unknown = await answer.json();
  const token: unknown = Object(body).token ?? Object(body).access_token;
  if (typeof token === 'string') return token;
  throw new Error(`${describe(image)}: the registry gives no token to read`);
}
