import type { NewService } from './names.ts';

/** The files of a new tool service, by their paths in its folder. */
export function serviceFiles(service: NewService): Readonly<Record<string, string>> {
  return {
    'package.json': manifest(service),
    'README.md': readme(service),
    'src/main.ts': main(service),
    'src/service.ts': definition(service),
    [`src/${service.toolFile}.ts`]: tool(service),
    [`test/${service.toolFile}.test.ts`]: test(service),
  };
}

const manifest = ({ name, version, dependencies }: NewService): string =>
  `${JSON.stringify(
    {
      name: `@toolmesh/${name}`,
      version,
      private: true,
      type: 'module',
      scripts: { start: 'node src/main.ts' },
      dependencies,
    },
    null,
    2,
  )}\n`;

const readme = ({ name, port, tool, toolFile }: NewService): string => `# ${name}

A tool service. Port ${port}.

| tool | arguments | result |
|---|---|---|
| \`${tool}\` | \`text\` | \`text\`: the same text in capitals |

\`\`\`
curl -s localhost:${port}/tools/${tool} -H 'content-type: application/json' -d '{"arguments":{"text":"hello"}}'
\`\`\`

\`src/${toolFile}.ts\` is the tool. Settings: those that every service has (see the project's README).
`;

const main = ({ constant }: NewService): string =>
  `import { runService } from '@toolmesh/shared/kit/service/run-service';
import { ${constant} } from './service.ts';

await runService(${constant});
`;

const definition = ({ name, constant, port, toolFile, toolConstant }: NewService): string =>
  `import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { defineToolService } from '@toolmesh/shared/kit/service/tool-service';
import { ${toolConstant} } from './${toolFile}.ts';

export const ${constant} = defineToolService({
  name: '${name}',
  config: serviceConfig(${port}, {}),
  build: () => ({ tools: [${toolConstant}] }),
});
`;

const tool = ({ tool: name, toolConstant }: NewService): string =>
  `import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';

/** An example to replace: answers with the text in capitals. */
export const ${toolConstant} = defineTool({
  name: '${name}',
  description: 'Returns a text in capital letters.',
  input: z.object({ text: z.string().max(1_000).describe('The text to convert') }),
  output: z.object({ text: z.string() }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run: ({ text }) => ({ text: text.toUpperCase() }),
});
`;

const test = ({ tool: name, constant }: NewService): string =>
  `import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { post } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { ${constant} } from '../src/service.ts';

let service: ServiceInProcess;
beforeAll(async () => {
  service = await serveInProcess(${constant});
});
afterAll(() => service.stop(0));

const call = (args: object) => post(\`\${service.url}/tools/${name}\`, { arguments: args });

describe('${name}', () => {
  test('answers with the text in capitals', async () => {
    expect((await call({ text: 'hello' })).body.structured_content).toEqual({ text: 'HELLO' });
  });

  test('refuses arguments that break its schema', async () => {
    expect((await call({ text: 42 })).status).toBe(422);
  });
});
`;
