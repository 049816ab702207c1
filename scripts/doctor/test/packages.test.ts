import { expect, test } from '@jest/globals';
import { checkPackages, judgeList } from '../packages.ts';

test('warns of a list of malicious packages that is short or old, and says what to do', () => {
  expect(judgeList({ names: 250_000, ageDays: 1 })).toMatchObject({ level: 'ok' });
  for (const list of [
    { names: 999, ageDays: 1 },
    { names: 250_000, ageDays: 31 },
  ]) {
    expect(judgeList(list)).toMatchObject({ level: 'note', cure: expect.stringContaining('SANDBOX_MALICIOUS_LIST') });
  }
});

test('reads the list of the sandbox that runs, else the one that a start would use', async () => {
  const updated = new Date(Date.now() - 2 * 86_400_000).toISOString();
  const health = { packages: { malicious: { names: 4_711, updated_at: updated } } };
  const running = { name: 'sandbox', port: 1, url: '', state: 'running', health } as const;
  expect((await checkPackages([running], {})).says).toBe('4711 malicious packages are known, from a list 2 days old');
  const stopped = { ...running, state: 'stopped', health: {} } as const;
  const here = await checkPackages([stopped], { AUTH: 'none', SANDBOX_CACHE_DIR: '/nonexistent' });
  expect(here).toMatchObject({ level: 'note', says: expect.stringMatching(/^\d+ malicious packages/) });
});
