import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';

/** Keys that say something to people or to the program that wrote them, and nothing to the hub. */
const SILENT = new Set([
  '$schema',
  '//',
  '_comment',
  'comment',
  'name',
  'title',
  'displayName',
  'display_name',
  'icon',
  'iconPath',
  'iconUrl',
  'faviconUrl',
  'logoUrl',
  'gallery',
  'version',
  'source',
  'author',
  'homepage',
  'tags',
  'provider',
  'bundled',
]);

const POLICY = 'approvals are policies of the chat';
const NO_OAUTH = 'the hub does not sign in by OAuth; send a token in "headers"';

/** Keys of other programs that ask for what the hub does elsewhere or not at all. */
const EXPLAINED: Readonly<Record<string, string>> = {
  alwaysAllow: POLICY,
  autoApprove: POLICY,
  trust: POLICY,
  oauth: NO_OAUTH,
  auth: NO_OAUTH,
  authProviderType: NO_OAUTH,
  headersHelper: 'no program is run for headers; use a variable in "headers"',
  dev: 'it belongs to VS Code',
  watchPaths: 'a command is not started again when files change',
};

/** Returns the reason why a key has no effect; undefined for one that nobody needs to hear about. */
export function explainUnknown(key: string, own: Iterable<string>): string | undefined {
  if (SILENT.has(key)) return undefined;
  const reason = Object.hasOwn(EXPLAINED, key) ? EXPLAINED[key] : undefined;
  if (reason !== undefined) return `has no effect: ${reason}`;
  const [nearest] = nearestNames(key, own, { limit: 1, onlyNear: true });
  return `is not known here and has no effect${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}
