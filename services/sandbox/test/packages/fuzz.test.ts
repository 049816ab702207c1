import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { InstallResult, type PackageRequest, Verdict } from '@toolmesh/shared/contracts/packages';
import { fc } from '@toolmesh/shared/test-kit/property';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, type TestPackages } from './fixtures/setup.ts';

let index: IndexServer;
let packages: TestPackages;
beforeAll(async () => {
  index = await startIndex();
  packages = await openPackages(index);
});
afterAll(async () => {
  await cleanUp();
  await index.stop();
});

/** Parts of names and versions, and characters that break out of them. */
const PIECES = [
  ['a', 'zq', '0', '.', '-', '_', '@', '/', '[', ']', '==', ';', ' ', '\n', '\0', '..', '%2f', '\\', ':', '://'],
  [
    'npm:',
    'file:',
    'git+',
    '--',
    '#',
    '?',
    '&',
    '$(x)',
    '`x`',
    '|',
    '~',
    '^',
    '*',
    'е',
    '\u202e',
    '😀',
    '1.0',
    '!',
    '+',
  ],
].flat();
const pieces = fc.constantFrom(...PIECES);
const text = fc.oneof(
  fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('__proto__', 'constructor', 'a'.repeat(5_000)),
);
const requests: fc.Arbitrary<PackageRequest> = fc
  .record(
    { name: text, version: text, ecosystem: fc.constantFrom('pypi' as const, 'npm' as const) },
    { requiredKeys: ['name', 'ecosystem'] },
  )
  .map(({ version, ...request }) => ({ ...request, ...(version === undefined ? {} : { version }) }));

/** Matches every request that the service may send to an index. */
const HARMLESS =
  /^\/(?:simple\/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\/|npm\/(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*)$/i;

test('gives any arguments a proper verdict, and asks an index only for names', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const before = index.requests.length;
      const verdict = Verdict.parse(await packages.check(request, signal));
      const result = InstallResult.parse(await packages.install(request, signal));
      expect(result.status).toBe(verdict.status);
      expect(result.reason?.code).toBe(verdict.reason?.code);
      const asked = index.requests.slice(before);
      const isInvalid = verdict.reason?.code.startsWith('invalid_') === true;
      expect(isInvalid ? asked : []).toEqual([]);
      expect(asked.filter((path) => !HARMLESS.test(path))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('refuses any specs of execute_code with the place of the wrong one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('pypi' as const, 'npm' as const),
      async (specs, ecosystem) => {
        await expect(packages.layerFor(ecosystem, specs, signal)).rejects.toMatchObject({
          code: 'invalid_arguments',
          details: [{ path: expect.stringMatching(/^packages(?:\.[0-2])?$/), code: expect.any(String) }],
        });
      },
    ),
    { numRuns: 300 },
  );
});
