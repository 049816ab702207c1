import { readFileSync } from 'node:fs';

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** The version of the mesh; all of its services are released together. */
export const VERSION: string = String(manifest instanceof Object && 'version' in manifest ? manifest.version : '0.0.0');
