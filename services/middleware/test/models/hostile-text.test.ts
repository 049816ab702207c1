import { describe, expect, test } from '@jest/globals';
import { expectLinear } from '@toolmesh/shared/test-kit/hostile-text';
import { post } from '@toolmesh/shared/test-kit/requests';
import { readArithmetic } from '../../src/models/demo/read-arithmetic.ts';
import { readCode } from '../../src/models/demo/read-code.ts';
import { readTime } from '../../src/models/demo/read-time.ts';
import { startMiddleware } from '../fakes/start-middleware.ts';

test.each([
  ['a fence that nothing closes', '```', 'a'],
  ['blanks within a sum', 'what is 1', ' '],
  ['a question without its end', '', 'what '],
  ['one program after the other', '', 'execute: x '],
])('a chat with the demo answers %s, short or long', async (_name, before, unit) => {
  const { url } = await startMiddleware();
  for (const chars of [2_500, 8_000, 64 * 1_024]) {
    const message = before + unit.repeat((chars - before.length) / unit.length);
    const { status, body } = await post(`${url}/chat`, { provider: 'demo', message });
    expect({ status, finish: body.finish_reason }).toEqual({ status: 200, finish: 'stop' });
  }
});

const today = () => '2026-11-20';

describe('the rules of the demo read any text in a moment', () => {
  const readers: [string, (text: string) => unknown, string[]][] = [
    [
      'programs',
      readCode,
      [
        '```',
        '`',
        '"',
        "'",
        '(',
        ')',
        ',',
        '.',
        'execute:',
        'execute: x ',
        'run',
        'this ',
        ' and ',
        'then ',
        '# ',
        '“',
      ],
    ],
    [
      'questions about the time',
      (text) => readTime(text, today),
      [
        'what ',
        'time ',
        'the ',
        'in ',
        'and ',
        ', ',
        '?',
        '09:30',
        '2026-11-20T',
        'from ',
        'X',
        'list time zones ',
        '"',
        'for ',
      ],
    ],
    [
      'sums',
      readArithmetic,
      ['(', ')', '-', '+', '*', '/', '%', ',', '.', '=', '?', 'sqrt', ' plus ', ' divided by ', 'what ', '% of'],
    ],
  ];
  test.each(readers)('%s', async (_name, read, marks) => {
    // Far more than the rules read, see `describeLimit`.
    await expect(expectLinear(read, { marks, chars: 128 * 1_024 })).resolves.toBeUndefined();
  });
});
