import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import type { ConnectionSource, OnNotification } from '../mcp/connections.ts';
import type { Caller, ClientSession } from '../upstream.ts';

/** The use of a process: the session that it belongs to, if any, and the calls that it serves now. */
export interface Load {
  session: ClientSession | undefined;
  /** Undefined until it is connected. */
  connection: McpConnection | undefined;
  readonly calls: Set<{ readonly caller: Caller | undefined }>;
}

/** The processes of sessions that have announced other lists than they had at their start. */
export interface ChangedProcesses {
  add(load: Load): void;
  /** Forgets a process that has ended; the lists are asked for again if it had changed them. */
  delete(load: Load): void;
  readonly look: ConnectionSource['lookAtChanged'];
}

export function createChangedProcesses(onNotification: OnNotification): ChangedProcesses {
  const changed = new Set<Load>();
  return {
    add: (load) => void changed.add(load),
    delete(load) {
      if (changed.delete(load)) onNotification({ method: 'notifications/tools/list_changed' });
    },
    async look(task) {
      const connections = [...changed].flatMap(({ connection }) => connection ?? []);
      const answers = await Promise.allSettled(connections.map(task));
      return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    },
  };
}
