import { createHash } from 'node:crypto';

/** Longest name that every model provider takes, for tools and for arguments. */
const MAX_LENGTH = 64;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** `text` as 1 to 64 of `[A-Za-z0-9_-]`. What has to be cut keeps a hash of the whole, so that it stays its own. */
export function safeName(text: string, allowed: RegExp = /[^A-Za-z0-9_-]+/g): string {
  const plain = text.replaceAll(allowed, '_').replaceAll(/^_+|(?<!_)_+$/g, '') || 'unnamed';
  return plain.length <= MAX_LENGTH ? plain : withSuffix(plain, hashOf(text));
}

/** `name`, cut where it must be, and `_suffix`. */
export function withSuffix(name: string, suffix: string): string {
  return `${name.slice(0, MAX_LENGTH - suffix.length - 1)}_${suffix}`;
}

/** A tool's name: the operation's id where it has one. */
export function toolName(operationId: string | undefined, method: string, path: string): string {
  return safeName(operationId === undefined || operationId === '' ? `${method}${path}` : operationId);
}

/** A name for a second tool of the same name, which depends on nothing but the operation itself. */
export const distinctName = (name: string, method: string, path: string): string =>
  withSuffix(name, hashOf(`${method} ${path}`));
