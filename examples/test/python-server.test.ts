import { afterEach, expect } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess, type ServiceInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { testWith } from '../../e2e/parts.ts';
import { hub } from '../../services/mcp-server/src/service.ts';
import { example } from './mesh.ts';
import { canHavePython, pythonWithMcp } from './python.ts';

const withPython = testWith('PyPI and python3-venv', await canHavePython());

let running: ServiceInProcess | undefined;
afterEach(() => running?.stop(0));

withPython(
  'the hub starts a server in Python and offers its tool',
  async () => {
    const MESH_CONFIG = example('python-server/mesh.json');
    running = await serveInProcess(hub, { MESH_CONFIG, PYTHON: await pythonWithMcp() });
    const { url } = running;
    const stats = async () => (await request(`${url}/stats`)).body.upstreams.words;
    await until(async () => (await stats()).status === 'up');
    const call = { arguments: { text: 'to be or not to be' } };
    expect((await post(`${url}/tools/count_words`, call)).body).toMatchObject({
      is_error: false,
      structured_content: { words: 6, different: 4 },
    });
    expect(await stats()).toMatchObject({ kind: 'command', status: 'up', workers: { min: 1, max: 4 } });
  },
  240_000,
);
