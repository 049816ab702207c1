// A whole tool service in one file: a tool with its schema, and the service that serves it over REST and MCP.
//   npx node examples/first-tool/service.ts
//   curl -s localhost:8005/tools/convert_length -H 'content-type: application/json' \
//     -d '{"arguments":{"value":26.2,"from":"mi","to":"km"}}'
// Its documentation is at http://localhost:8005/docs. `npm run new-service` makes one that belongs to the mesh.
import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { runService } from '@toolmesh/shared/kit/service/run-service';
import { defineToolService } from '@toolmesh/shared/kit/service/tool-service';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';

const METRES = { m: 1, km: 1_000, mi: 1_609.344, ft: 0.304_8 };
const Unit = z.enum(['m', 'km', 'mi', 'ft']);

const convertLength = defineTool({
  name: 'convert_length',
  description: 'Converts a length between metres, kilometres, miles and feet.',
  input: z.object({ value: z.number(), from: Unit, to: Unit }),
  output: z.object({ value: z.number(), unit: Unit }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run: ({ value, from, to }) => ({ value: (value * METRES[from]) / METRES[to], unit: to }),
});

await runService(
  defineToolService({
    name: 'first-tool',
    config: serviceConfig(8005, {}),
    build: () => ({ tools: [convertLength] }),
  }),
);
