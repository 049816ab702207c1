import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ErrorBody } from '@toolmesh/shared/contracts/errors';
import { ExecutionResult } from '@toolmesh/shared/contracts/execution';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { fc } from '@toolmesh/shared/test-kit/property';
import { type Answer, request } from '@toolmesh/shared/test-kit/requests';
import { NO_INDEX } from './hostile/packages.ts';
import { PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';

/** What is refused does not depend on the isolation; programs start much sooner where a jail can be made. */
const LEVEL = IS_FULL ? 'wasm' : String(PYTHON_LEVELS.at(-1));

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ ...NO_INDEX, SANDBOX_ISOLATION: LEVEL });
}, 240_000);
afterAll(() => sandbox.stop());

const send = (body: string, type = 'application/json'): Promise<Answer> =>
  request(`${sandbox.url}/execute`, { method: 'POST', headers: { 'content-type': type }, body });

/** Sends a body; it must get a result, or a refusal: no failure of the service's own, and nothing of its inside. */
async function expectProper(body: string, type?: string): Promise<Answer> {
  const answer = await send(body, type);
  const isResult = answer.status === 200;
  expect(isResult || (answer.status >= 400 && answer.status < 500) ? 'proper' : answer).toBe('proper');
  expect((isResult ? ExecutionResult : ErrorBody).safeParse(answer.body).error).toBeUndefined();
  expect(JSON.stringify(answer.body)).not.toMatch(
    /canary-of-the-service|node_modules|\/services\/|\\n {4}at \/?[a-z]+:/,
  );
  return answer;
}

const text = fc.string({ unit: 'binary', maxLength: 50 });
/** Arguments as they are asked for, if unusual ones. */
const proper = fc.record(
  {
    code: fc.oneof(fc.constantFrom('1', 'x', '"\ud800"', '\0'), text).filter((code) => code !== ''),
    language: fc.constantFrom('python', 'javascript', 'javascript', 'typescript'),
    stdin: text,
    files: fc.uniqueArray(
      fc.record({ path: fc.stringMatching(/^[a-z_]{1,9}(\/[a-z .~$é]{1,9}x){0,3}$/), content: text }),
      {
        selector: ({ path }) => path,
        maxLength: 5,
      },
    ),
    timeout_ms: fc.integer({ min: 100, max: 300 }),
    memory_mb: fc.constantFrom(16, 64, 2_048),
    session_id: fc.constantFrom('fuzz', '0', '-', 'x'.repeat(64)),
  },
  { requiredKeys: ['code', 'timeout_ms'] },
);

/** Values that are none, too many, or too large; as text where JSON has no word for them. */
const ODD_NUMBERS = [0, -1, 0.5, 1e308, -0, 2 ** 53, 2 ** 31, 15, 99, 2_049, 120_001];
const ODD_TEXTS = ['', 'NaN', 'Infinity', '1e3', '\ud800', '\udfff\ud800', '\0', '\u202e', '\ufeff', '\u2028', '../..'];
const odd = fc.constantFrom<unknown>(null, true, [], {}, [[]], ...ODD_NUMBERS, ...ODD_TEXTS, 'x'.repeat(300_000));
const ODD_PATHS = [
  'a/../b',
  '/a',
  './a',
  'a//b',
  'a/',
  'a\\b',
  'C:a',
  '\ud800',
  'a\nb',
  '__proto__',
  '.',
  '..',
  'a'.repeat(256),
];
const oddFile = fc.record(
  {
    path: fc.oneof(fc.constantFrom(...ODD_PATHS), fc.string({ unit: 'binary', maxLength: 300 }), odd),
    content: fc.oneof(text, odd),
    encoding: fc.oneof(fc.constantFrom('utf8', 'base64', 'hex'), odd),
  },
  { requiredKeys: [] },
);
/** None of them a name: what is one is looked for on an index, and there is none here. */
const oddPackages = fc.array(
  fc.constantFrom(null, 5, {}, [], '', '-r', 'a b', '../x', 'git+https://x', 'x; id', '\ud800'),
);
const KEYS = ['code', 'language', 'stdin', 'files', 'timeout_ms', 'memory_mb', 'session_id'];
const STRANGE_KEYS = ['network', 'runtime', 'toString', '__proto__', 'constructor', '', '\ud800'];
/** One argument that is not as it should be. */
const oddArgument = fc.oneof(
  fc.tuple(fc.constantFrom(...KEYS), fc.oneof(odd, fc.jsonValue({ maxDepth: 2 }))),
  fc.tuple(fc.constant('files'), fc.array(oddFile, { maxLength: 22 })),
  fc.tuple(fc.constant('packages'), fc.oneof(oddPackages, odd)),
  fc.tuple(fc.constantFrom(...STRANGE_KEYS), odd),
);

test('any arguments get a result or a refusal', async () => {
  let executed = 0;
  const property = fc.asyncProperty(proper, fc.array(oddArgument, { maxLength: 2 }), async (program, changes) => {
    const { status } = await expectProper(JSON.stringify({ ...program, ...Object.fromEntries(changes) }));
    if (status === 200) executed += 1;
  });
  await fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 60_000 });
  expect(executed).toBeGreaterThan(20);
}, 90_000);

test('any body gets a refusal', async () => {
  let refused = 0;
  const property = fc.asyncProperty(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), async (body) => {
    const { status } = await expectProper(body);
    if (status >= 400) refused += 1;
  });
  await fc.assert(property, { numRuns: 100, interruptAfterTimeLimit: 30_000 });
  expect(refused).toBeGreaterThan(50);
}, 240_000);

const bodies: [string, string][] = [
  ['nothing', ''],
  ['half of an object', '{"code": "1"'],
  ['a number that is none', '{"code": "1", "timeout_ms": NaN}'],
  ['a number without end', '{"code": "1", "timeout_ms": 1e999}'],
  ['a key twice', '{"code": "1", "code": 2}'],
  ['a prototype', '{"code": "1", "__proto__": {"timeout_ms": 5}}'],
  ['a constructor', '{"code": "1", "constructor": {"prototype": {"polluted": true}}}'],
  ['a list', '[{"code": "1"}]'],
  ['a text', '"code"'],
  ['a mark in front', '\ufeff{"code": "1"}'],
  ['a null in a name', '{"co\\u0000de": "1"}'],
  ['half of a character', '{"code": "\\ud800"}'],
  ['a depth of a hundred thousand', `{"code": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ['a hundred thousand keys', `{"code": "1", ${Array.from({ length: 100_000 }, (_, i) => `"k${i}": 0`).join()}}`],
  ['more than a body may have', `{"code": "${'x'.repeat(17 * 2 ** 20)}"}`],
];
test.each(bodies)('a body of %s gets a result or a refusal', async (_what, body) => {
  expect((await expectProper(body)).status).toBeLessThan(500);
});

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/json; charset=utf-7',
])('a body that says it is %s gets a result or a refusal', async (type) => {
  expect((await expectProper('{"code": "1"}', type)).status).toBeLessThan(500);
});

describe('source', () => {
  const sources: [string, string][] = [
    ['of nothing but space', ' \n\t\f\v'],
    ['with a null', 'x = 1\0\nx'],
    ['of a mark only', '\ufeff'],
    ['with two marks', '\ufeff\ufeff1'],
    ['of half a character', '"\ud800"'],
    ['of noncharacters', '\uffff\ufdd0'],
    ['of parentheses', '('.repeat(250_000)],
    ['of brackets that close', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['of signs', `${'-'.repeat(250_000)}1`],
    ['of one long name', 'a'.repeat(260_000)],
    ['of one long number', '9'.repeat(260_000)],
    ['of one long text', `"${'a'.repeat(260_000)}"`],
    ['of attributes', `a${'.a'.repeat(120_000)}`],
    ['of calls', `a${'()'.repeat(120_000)}`],
    ['of additions', `1${'+1'.repeat(120_000)}`],
    ['of line breaks', '\n'.repeat(260_000)],
    ['of statements', '1;'.repeat(120_000)],
    ['of semicolons', ';'.repeat(260_000)],
    ['of backticks', '`${'.repeat(80_000)],
    ['of types', `let a: ${'a['.repeat(60_000)}`],
    ['of assertions', `${'<a>'.repeat(80_000)}1`],
    ['of arrows', `${'a=>'.repeat(80_000)}1`],
    ['of slashes', '/'.repeat(200_000)],
  ];
  const cases = ['python', 'javascript', 'typescript'].flatMap((language) =>
    sources.map(([what, code]) => [language, what, code] as const),
  );
  test.each(cases)('in %s %s gets a result', async (language, _what, code) => {
    const answer = await expectProper(JSON.stringify({ language, code, timeout_ms: 3_000 }));
    expect(answer.status).toBe(200);
    expect(answer.body.duration_ms).toBeLessThanOrEqual(3_500);
  });

  test('of any kind leaves a service that works', async () => {
    for (const language of ['python', 'javascript', 'typescript']) {
      expect(await sandbox.run({ language, code: '6 * 7' })).toMatchObject({ status: 'success', result: '42' });
    }
  });
});
