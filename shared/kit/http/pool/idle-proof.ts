import { setImmediate as afterSockets } from 'node:timers/promises';

/** A connection that carries no request. */
export interface IdleConnection {
  readonly isGone: boolean;
  readonly idleSince: number;
}

/** The record of how long connections to one server stay open without a request. */
export interface IdleProof {
  /** True once one has stayed open for a while. */
  readonly isGiven: boolean;
  /** The longest idle time after which a write may use a connection. */
  readonly writeMs: number;
  /** Follows the idle connections as long as there are any. */
  watch(): void;
  /** The server has closed a connection: what was proven may be over. */
  lost(): void;
}

/**
 * The idle time after which a connection that is still open proves that its server keeps connections. It is several
 * times what a busy event loop is late.
 */
const PROOF_MS = 500;

/** Starts a record. `oldest` returns the connection that has been idle longest. */
export function createIdleProof(oldest: () => IdleConnection | undefined): IdleProof {
  let provenMs = 0;
  let isWatching = false;

  const look = async (): Promise<void> => {
    const connection = oldest();
    const since = connection?.idleSince ?? 0;
    const idleMs = performance.now() - since;
    // What was closed while this process was busy is known once the sockets have been read.
    await afterSockets();
    isWatching = false;
    if (connection === undefined) return;
    const isStillIdle = !connection.isGone && connection === oldest() && connection.idleSince === since;
    if (isStillIdle && idleMs >= PROOF_MS) provenMs = Math.max(provenMs, idleMs);
    watch();
  };
  const watch = (): void => {
    if (isWatching || oldest() === undefined) return;
    isWatching = true;
    setTimeout(() => void look(), PROOF_MS + 10).unref();
  };

  return {
    get isGiven() {
      return provenMs > 0;
    },
    get writeMs() {
      return provenMs / 2;
    },
    watch,
    lost() {
      provenMs = 0;
    },
  };
}
