import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** Returns the variables of a file in the form of `.env`; none for one that cannot be read. */
export function readEnvFile(path: string | undefined): NodeJS.ProcessEnv {
  if (path === undefined) return {};
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
