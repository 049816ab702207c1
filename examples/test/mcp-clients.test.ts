import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { testWith } from '../../e2e/parts.ts';
import { example, runExample, serveSmallMesh, type SmallMesh } from './mesh.ts';
import { canHavePython, pythonWithMcp } from './python.ts';

const withPython = testWith('PyPI and python3-venv', await canHavePython());

let mesh: SmallMesh;
beforeAll(async () => {
  mesh = await serveSmallMesh();
});
afterAll(() => mesh.stop());

test('an MCP client in TypeScript lists the tools and calls one', async () => {
  const printed = await runExample([process.execPath, example('mcp-client-typescript/client.ts')], mesh.env);
  expect(printed).toMatch(/^convert_time: /m);
  expect(printed).toContain("timezone: 'Asia/Tokyo'");
});

withPython(
  'an MCP client in Python lists the tools and calls one',
  async () => {
    const printed = await runExample([await pythonWithMcp(), example('mcp-client-python/client.py')], mesh.env);
    expect(printed).toMatch(/^convert_time: /m);
    expect(printed).toContain("'timezone': 'Asia/Tokyo'");
  },
  240_000,
);
