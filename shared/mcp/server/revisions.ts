/** The revision without handshake and sessions. */
export const MODERN_REVISION = '2026-07-28';

/** The revisions that begin with `initialize`, the newest first. */
export const LEGACY_REVISIONS: readonly string[] = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
];

export const REVISIONS: readonly string[] = [MODERN_REVISION, ...LEGACY_REVISIONS];

/** Returns the revision to speak with a client that offers `requested` in its handshake. */
export const negotiate = (requested: unknown): string =>
  LEGACY_REVISIONS.find((revision) => revision === requested) ?? LEGACY_REVISIONS[0] ?? '';

/** Returns whether a revision, known or not, is of the era without handshake: revisions are dates. */
export const isModernRevision = (revision: string): boolean => revision >= MODERN_REVISION;

/** Clients before 2025-11-25 take events without data for broken messages. */
export const takesEmptyEvents = (revision: string): boolean => revision >= '2025-11-25';
