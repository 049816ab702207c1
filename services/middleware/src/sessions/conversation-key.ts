import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;

/** Returns the secret by which ids for other services are made of those of conversations; kept with the conversations. */
export function conversationKey(directory: string | undefined): Buffer {
  const fresh = randomBytes(KEY_BYTES);
  if (directory === undefined) return fresh;
  const path = join(directory, 'conversation.key');
  try {
    writeFileSync(path, fresh, { flag: 'wx', mode: 0o600 });
    return fresh;
  } catch {
    return keyIn(path) ?? fresh;
  }
}

function keyIn(path: string): Buffer | undefined {
  try {
    const key = readFileSync(path);
    return key.length === KEY_BYTES ? key : undefined;
  } catch {
    return undefined;
  }
}
