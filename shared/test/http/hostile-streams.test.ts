import { describe, expect, test } from '@jest/globals';
import { readEvents } from '../../kit/http/sse.ts';
import { MeshError } from '../../kit/faults/errors.ts';
import { expectLinear, inPieces } from '../../test-kit/hostile-text.ts';

const MARKS = [
  '\r',
  '\r\n',
  'data:',
  'data: {}\n',
  'data: {}\n\n',
  'data: {}\r',
  'event:',
  'id:',
  ':',
  'retry: 1',
  '\u0000',
  'ß',
];

async function read(text: string, chars: number): Promise<void> {
  const encoder = new TextEncoder();
  const pieces = async function* () {
    for (const piece of inPieces(text, chars)) yield encoder.encode(piece);
  };
  try {
    for await (const _event of readEvents(pieces()));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new MeshError('upstream_failed', 'Refused', { cause: error });
  }
}

describe('server-sent events are read in a moment, or refused', () => {
  test.each([16, 64 * 1_024, 1e9])('in pieces of %i characters', async (chars) => {
    await expect(expectLinear((text) => read(text, chars), { marks: MARKS })).resolves.toBeUndefined();
  });
});
