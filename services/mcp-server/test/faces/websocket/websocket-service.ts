/** A service with a WebSocket face, as a process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { runService } from '@toolmesh/shared/kit/service/run-service';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { createToolCatalogue } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { z } from 'zod';
import { createWebSocketFace } from '../../../src/faces/websocket/websocket-face.ts';

const wait = defineTool({
  name: 'wait',
  description: 'Waits.',
  input: z.object({ ms: z.int() }),
  output: z.object({ waited: z.int() }),
  run: async ({ ms }, { signal }) => {
    await sleep(ms, undefined, { signal });
    return { waited: ms };
  },
});

await runService({
  name: 'sockets',
  config: serviceConfig(0, {}),
  build: ({ config, logger, metrics }) => {
    const face = createWebSocketFace({ catalogue: createToolCatalogue([wait], metrics), config, logger });
    return { started: ({ server }) => face.attach(server), stopping: face.stop };
  },
});
