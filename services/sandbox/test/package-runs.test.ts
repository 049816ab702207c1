import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startIndex } from './packages/fixtures/index-server.ts';
import { cacheFor, PYTHON_LEVELS, type Sandbox, startSandbox, USERS } from './sandbox.ts';

const users = PYTHON_LEVELS.includes('namespaces') ? USERS : [];

describe.each(users)('Python with packages, the service being run by %s:', (_name, user) => {
  const cache = cacheFor(user);
  let index: Awaited<ReturnType<typeof startIndex>>;
  let sandbox: Sandbox;
  const run = (code: string, more: object = {}) => sandbox.run({ code, packages: ['zqmine'], ...more });
  beforeAll(async () => {
    index = await startIndex();
    index.addWheels('zqmine', [{ version: '1.0' }]);
    index.addWheels('zqother', [{ version: '2.0' }]);
    const env = { SANDBOX_ISOLATION: 'namespaces', SANDBOX_CACHE_DIR: cache, PIP_INDEX_URL: index.pipIndexUrl };
    sandbox = await startSandbox({ ...env, MIN_WORKERS: '1' }, user);
    await sandbox.run({ code: 'import zqother', packages: ['zqother'] });
  }, 120_000);
  afterAll(async () => {
    await sandbox?.stop();
    await index?.stop();
    rmSync(cache, { recursive: true, force: true });
  });

  test('a program imports its packages and sees no others', async () => {
    const code = [
      'import importlib.util, os, zqmine',
      'found = [os.path.join(r, n) for r, d, f in os.walk("/opt") for n in [*d, *f] if "zqother" in n]',
      'zqmine.__version__, importlib.util.find_spec("zqother"), os.listdir("/opt/layers"), found',
    ].join('\n');
    expect((await run(code)).result).toBe("('1.0', None, [], [])");
    expect((await sandbox.run({ code: 'import os; os.listdir("/opt/packages")' })).result).toBe('[]');
    const other = { code: 'import zqother; zqother.__version__', packages: ['zqother'] };
    expect((await sandbox.run(other)).result).toBe("'2.0'");
  });

  test('its packages cannot be written to, nor the folder over the others', async () => {
    const code = [
      'import os, zqmine',
      'written = []',
      'for path in (os.path.dirname(zqmine.__file__), "/opt/packages", "/opt/layers", "/opt/layers/layers"):',
      '    try: os.close(os.open(path + "/x", os.O_CREAT | os.O_WRONLY)); written.append(path)',
      '    except OSError: pass',
      'written',
    ].join('\n');
    expect((await run(code)).result).toBe('[]');
  });

  test('names without content end, as they do without packages', async () => {
    const code = [
      'import os',
      'made = 0',
      'for folder in ("/tmp", "/work", "/dev/shm"):',
      '    os.mkdir(folder + "/names")',
      '    try:',
      '        for n in range(30_000):',
      '            os.close(os.open(f"{folder}/names/{n}", os.O_CREAT | os.O_WRONLY)); made += 1',
      '    except OSError as error: print(error.errno)',
      'print(made < 50_000, flush=True)',
      'os._exit(0)',
    ].join('\n');
    expect((await run(code)).stdout).toBe('28\n28\n28\nTrue\n');
  });

  test('a session keeps them', async () => {
    expect((await run('import zqmine', { session_id: 'packed' })).status).toBe('success');
    expect((await run('zqmine.__version__', { session_id: 'packed' })).result).toBe("'1.0'");
  });
});
