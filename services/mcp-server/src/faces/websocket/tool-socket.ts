import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { RawData, WebSocket } from 'ws';
import { createSocketCalls, type SocketCallsOptions } from './socket-calls.ts';

export interface ToolSocketOptions extends Omit<SocketCallsOptions, 'send'> {
  readonly socket: WebSocket;
  /** A reader this far behind is not reading: its calls are cancelled. */
  readonly maxBacklogBytes: number;
  readonly onClose: () => void;
}

/** An open WebSocket with the calls of its client. */
export interface ToolSocket {
  /** Calls under way. */
  readonly active: number;
  /** Pings the client. Cuts it off if it has not answered the last ping. */
  ping(): void;
  /** Refuses further calls from now on. */
  refuseMore(): void;
  /** Closes it as the protocol does. */
  close(code: number, reason: string): void;
  /** Cancels its calls and cuts it off. */
  drop(): void;
}

export function createToolSocket({ socket, maxBacklogBytes, onClose, ...options }: ToolSocketOptions): ToolSocket {
  const { tool, logger } = options;
  let hasAnswered = true;

  const drop = (): void => {
    calls.cancelAll(new MeshError('unavailable', 'The caller does not read what it is sent'));
    socket.terminate();
  };
  const calls = createSocketCalls({
    ...options,
    send(event) {
      // Checked before: a result may be large, and that is not the reader's fault.
      if (socket.bufferedAmount <= maxBacklogBytes) return socket.send(JSON.stringify(event));
      logger.warn({ tool, bytes: socket.bufferedAmount }, 'a WebSocket does not read and is cut off');
      drop();
    },
  });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    // Binary frames are not JSON: they are refused as an empty text is.
    calls.receive(Buffer.isBuffer(data) && !isBinary ? data.toString() : '');
  });
  socket.on('pong', () => {
    hasAnswered = true;
  });
  socket.on('error', (error) => logger.debug({ err: error, tool }, 'a WebSocket failed'));
  socket.on('close', () => {
    onClose();
    calls.cancelAll(new MeshError('unavailable', 'The caller went away'));
  });

  return {
    get active() {
      return calls.active;
    },
    ping() {
      if (!hasAnswered) return drop();
      hasAnswered = false;
      socket.ping();
    },
    refuseMore: calls.refuseMore,
    close: (code, reason) => socket.close(code, reason),
    drop,
  };
}
