import { fileURLToPath } from 'node:url';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { MiddlewareConfig } from '../config.ts';
import { openSessionStore, type SessionStore } from './session-store.ts';
import { createSessions, type Sessions } from './sessions.ts';

const DEFAULT_DIRECTORY = fileURLToPath(new URL('../../../../data/middleware', import.meta.url));
const DAY_MS = 86_400_000;

/** Returns the folder of what is kept between starts; undefined where conversations are not. */
export const keepingFolder = ({ CHAT_SESSIONS, CHAT_DATA_DIR = DEFAULT_DIRECTORY }: MiddlewareConfig) =>
  CHAT_SESSIONS === 'off' ? undefined : CHAT_DATA_DIR;

/**
 * Opens the stored conversations. Where the default folder is not writable they are kept in memory, which is logged; a
 * folder that is configured has to work. @throws ConfigError when it does not
 */
export function openSessions(config: MiddlewareConfig, logger: Logger, countFailure: () => void): Sessions {
  const onFailure = (err: unknown) => {
    countFailure();
    logger.error({ err }, 'a conversation could not be kept');
  };
  if (config.CHAT_SESSIONS === 'off') return createSessions(undefined, onFailure);
  const limits = {
    maxSessions: config.CHAT_MAX_SESSIONS,
    maxTurns: config.CHAT_SESSION_MESSAGES,
    maxAgeMs: config.CHAT_SESSION_DAYS * DAY_MS,
  };
  const open = (): SessionStore => {
    try {
      return openSessionStore(config.CHAT_DATA_DIR ?? DEFAULT_DIRECTORY, limits);
    } catch (error) {
      const reason = Error.isError(error) ? error.message : String(error);
      if (config.CHAT_DATA_DIR !== undefined) throw new ConfigError(`CHAT_DATA_DIR: cannot be used: ${reason}`);
      logger.warn({ reason }, 'sessions are kept in memory only: set CHAT_DATA_DIR to a folder that can be written to');
      return openSessionStore(undefined, limits);
    }
  };
  return createSessions(open(), onFailure);
}
