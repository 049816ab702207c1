import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { post } from '@toolmesh/shared/test-kit/requests';
import { BUILT_SETS } from './built-layer.ts';
import { PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';

// `npm run python-layer` installs them; CI does.
const canRun = PYTHON_LEVELS.includes('namespaces') && (process.env['CI'] === 'true' || BUILT_SETS.includes('data'));
const describeInstalled = canRun ? describe : describe.skip;

describeInstalled('numpy, pandas and matplotlib (npm run python-layer)', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ SANDBOX_ISOLATION: 'namespaces' });
  }, 240_000);
  afterAll(() => sandbox.stop());

  test('data libraries compute', async () => {
    const code =
      'import numpy as np\nnp.linalg.solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 4.0])).tolist()';
    expect(await sandbox.run({ code })).toMatchObject({ status: 'success', result: '[1.0, 1.0]', stderr: '' });
  });

  test('data frames are shown readably', async () => {
    const code = 'import pandas as pd\npd.DataFrame({"city": ["Rome", "Oslo"], "people": [2_800_000, 700_000]})';
    const { result } = await sandbox.run({ code });
    expect(result).toBe('   city   people\n0  Rome  2800000\n1  Oslo   700000');
  });

  test('figures become files, shown or not, and once only when the program saves them', async () => {
    const code =
      'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()\nplt.figure(); plt.bar([1], [2])\n' +
      'plt.figure(); plt.plot([3]); plt.savefig("mine.png")';
    const { artifacts, stderr } = await sandbox.run({ code });
    expect(stderr).toBe('');
    expect(artifacts.map(({ path, mime_type }: Record<string, string>) => [path, mime_type])).toEqual([
      ['mine.png', 'image/png'],
      ['plot-1.png', 'image/png'],
      ['plot-2.png', 'image/png'],
    ]);
    for (const { data } of artifacts) expect(data).toMatch(/^iVBORw0KGgo/);
  });

  test('a model gets its plot as an image', async () => {
    const code = 'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])';
    const { body } = await post(`${sandbox.url}/tools/execute_code`, { arguments: { code } });
    expect(body.content).toMatchObject([{ type: 'text' }, { type: 'image', mimeType: 'image/png' }]);
  });

  test('random numbers differ from run to run', async () => {
    const runs = [1, 2].map(() => sandbox.run({ code: 'import numpy as np; float(np.random.rand())' }));
    const [one, two] = await Promise.all(runs);
    expect(one.result).not.toBe(two.result);
  });

  test('data libraries work in sessions, and need no install when requested', async () => {
    const session_id = 'data';
    await sandbox.run({ code: 'import pandas as pd; frame = pd.DataFrame({"a": [1, 2]})', session_id });
    expect((await sandbox.run({ code: 'int(frame.a.sum())', session_id })).result).toBe('3');
    const asked = await sandbox.run({ code: 'import numpy; numpy.__name__', packages: ['numpy'] });
    expect(asked).toMatchObject({ status: 'success', packages: [{ name: 'numpy', version: expect.any(String) }] });
  });
});
