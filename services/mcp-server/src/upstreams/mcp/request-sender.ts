import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import { createMirroredArguments, paramHeaders } from '@toolmesh/shared/mcp/param-headers';
import { type McpRequest, type McpResult, type McpTool, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import type { CommandConfig } from '../../mesh-config/command-entry.ts';
import type { UrlConfig } from '../../mesh-config/url-entry.ts';
import { timeoutsFor } from '../request-timeouts.ts';
import { type Caller, takesQuestions } from '../upstream.ts';
import type { ConnectionSource } from './connections.ts';
import type { PendingCalls } from './pending-calls.ts';

export interface RequestSenderOptions {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly config: UrlConfig | CommandConfig;
  readonly defaultTimeoutMs: number;
  readonly connections: ConnectionSource;
  readonly pending: PendingCalls;
  /** Returns the tool that a request calls. */
  readonly toolOf: (request: McpRequest) => McpTool | undefined;
}

/**
 * Sends a request once: over the shared connection, or over one for the caller alone if messages may come that have to
 * find their way to it. @throws ProtocolError if the upstream refuses it; MeshError if it was not answered.
 */
export type RequestSender = (request: McpRequest, caller: Caller, isHarmless: boolean) => Promise<McpResult>;

export function createRequestSender(options: RequestSenderOptions): RequestSender {
  const { name, config, defaultTimeoutMs, connections, pending, toolOf } = options;
  const mirroredOf = createMirroredArguments();
  const toFailure = (error: unknown) => (error instanceof ProtocolError ? error : meshErrorOf(name, error));

  return async (request, caller, isHarmless) => {
    const tool = toolOf(request);
    const timeouts = timeoutsFor(tool?.name, config, defaultTimeoutMs);
    const waitMs = timeouts.idleMs;
    const headers = paramHeaders(mirroredOf(tool?.inputSchema), request.params['arguments']);
    const over = (from: Caller) => (connection: McpConnection) =>
      connection.request(request, { from, timeouts, headers });
    const overOwn = async (from: Caller): Promise<McpResult> => {
      try {
        return await connections.withOwnConnection({ caller: from, send: over(from), isHarmless, waitMs });
      } catch (error) {
        from.signal.throwIfAborted();
        throw toFailure(error);
      }
    };
    try {
      const tryShared = async (connection: McpConnection) =>
        needsOwnConnection(connection, request, caller) ? undefined : over(caller)(connection);
      const isShared = !connections.keepsStateFor(caller);
      const limits = { signal: caller.signal, waitMs };
      const result = isShared ? await connections.withConnection(tryShared, limits) : undefined;
      if (result !== undefined) return result;
      return await (mayBecomePending(request, caller) ? pending.begin(caller, overOwn) : overOwn(caller));
    } catch (error) {
      caller.signal.throwIfAborted();
      throw toFailure(error);
    }
  };
}

const ASKING_METHODS: readonly string[] = ['tools/call', 'prompts/get', 'resources/read'];

/** Returns whether a question of a 2025 server may have to wait for a 2026-07-28 caller, which answers by calling again. */
const mayBecomePending = ({ method }: McpRequest, { takesInputRequired, capabilities }: Caller): boolean =>
  takesInputRequired && takesQuestions(capabilities) && ASKING_METHODS.includes(method);

/** Returns whether messages or questions may come that are for this caller alone. */
const needsOwnConnection = ({ era }: McpConnection, request: McpRequest, caller: Caller): boolean =>
  era === 'legacy' && (caller.logLevel !== undefined || caller.ask !== undefined || mayBecomePending(request, caller));
