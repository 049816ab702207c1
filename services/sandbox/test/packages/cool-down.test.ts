import { afterAll, expect, test } from '@jest/globals';
import { LONG_AGO } from './fixtures/index-server.ts';
import { openPackages, openTestIndex, signal } from './fixtures/setup.ts';
import { makeWheel } from './fixtures/wheel.ts';

const { index, packages, install, close } = await openTestIndex('pypi');
afterAll(close);

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
const WAIT = { status: 'blocked', reason: { code: 'suspicious', message: expect.stringContaining('3 days old') } };

/** Puts releases on the index, by version and age. */
function publish(name: string, releases: Readonly<Record<string, number>>): void {
  const files = Object.entries(releases).map(([version, days]) => {
    return { ...makeWheel({ name, version }), uploadTime: daysAgo(days) };
  });
  index.pypi.set(name, { files });
}

test('takes the newest release that is old enough, and refuses a younger one by name', async () => {
  publish('zqsettled', { '1.0': 900, '1.1': 4, '1.2': 1 });
  index.addWheels('zqneeds', [{ version: '1.0', requires: ['zqsettled'] }]);
  index.addWheels('zqneedsnew', [{ version: '1.0', requires: ['zqsettled==1.2'] }]);
  expect(await packages.check({ name: 'zqsettled', ecosystem: 'pypi' }, signal)).toMatchObject({ version: '1.1' });
  expect(await install('zqsettled', '1.2')).toMatchObject(WAIT);
  expect(await install('zqneeds')).toMatchObject({ dependencies: [{ name: 'zqsettled', version: '1.1' }] });
  expect(await install('zqneedsnew')).toMatchObject(WAIT);
});

test('takes no file that was added to an old release', async () => {
  const source = { filename: 'zqadded-1.0.tar.gz', content: Buffer.from(''), uploadTime: LONG_AGO };
  index.pypi.set('zqadded', {
    files: [source, { ...makeWheel({ name: 'zqadded', version: '1.0' }), uploadTime: daysAgo(1) }],
  });
  expect(await install('zqadded')).toMatchObject(WAIT);
});

test('lets a person decide on a package that is new as a whole', async () => {
  publish('zqfresh', { '0.1': 1, '0.2': 0.5 });
  expect(await install('zqfresh')).toMatchObject({ status: 'approval_required' });
  const [pending] = packages.approvals.list();
  expect(pending).toMatchObject({ name: 'zqfresh', version: '0.2' });
  await packages.approvals.decide(pending?.id ?? '', 'approve');
  expect(await install('zqfresh', '0.2')).toMatchObject({ status: 'installed', version: '0.2' });
  expect(await install('zqfresh', '0.1')).toMatchObject(WAIT);
});

test('waits as long as the operator says', async () => {
  publish('zqatonce', { '1.0': 900, '1.1': 0.1 });
  const atOnce = await openPackages(index, { minReleaseAgeDays: 0 });
  expect(await atOnce.check({ name: 'zqatonce', ecosystem: 'pypi' }, signal)).toMatchObject({ version: '1.1' });
  const patient = await openPackages(index, { minReleaseAgeDays: 1_000 });
  expect(await patient.check({ name: 'zqatonce', version: '1.0', ecosystem: 'pypi' }, signal)).toMatchObject({
    reason: { code: 'suspicious' },
  });
});

test('waits with npm, too: for well-known packages, and where a tag calls a young release the newest', async () => {
  for (const name of ['zqnpm', 'lodash']) {
    await index.addNpm(name, '1.0.0');
    await index.addNpm(name, '1.1.0', {}, [], { time: daysAgo(5) });
    await index.addNpm(name, '1.2.0', {}, [], { time: daysAgo(1) });
    expect(await packages.check({ name, ecosystem: 'npm' }, signal)).toMatchObject({ version: '1.1.0' });
    expect(await packages.check({ name, version: '1.2.0', ecosystem: 'npm' }, signal)).toMatchObject(WAIT);
  }
  const asked = index.requests.length;
  await index.addNpm('react', '18.0.0');
  expect(await packages.check({ name: 'react', ecosystem: 'npm' }, signal)).toMatchObject({ version: '18.0.0' });
  expect(index.requests).toHaveLength(asked + 1);
});
