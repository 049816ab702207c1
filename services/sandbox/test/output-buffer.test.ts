import { describe, expect, test } from '@jest/globals';
import { fc } from '@toolmesh/shared/test-kit/property';
import { createOutputBuffer } from '../src/workers/output-buffer.ts';

const LIMIT = 1_024;

function write(chunks: readonly Uint8Array[]) {
  const output = createOutputBuffer(LIMIT);
  let position = 0;
  for (const chunk of chunks) {
    output.write(position, Buffer.from(chunk));
    position += chunk.length;
  }
  return output.read();
}

describe('createOutputBuffer', () => {
  test('keeps short output as it is, however it is cut into pieces', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 100 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (output, size) => {
        const bytes = Buffer.from(output);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        expect(write(chunks)).toEqual({ text: bytes.toString(), truncated: false });
      }),
    );
  });

  test('never returns more than its limit, nor half a character', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 500, maxLength: 3_000 })
      .filter((output) => !output.includes('\uFFFD'));
    fc.assert(
      fc.property(text, (output) => {
        const { text: kept, truncated } = write([Buffer.from(output)]);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(LIMIT);
        expect(truncated).toBe(Buffer.byteLength(output) > LIMIT);
        expect(kept.includes('\uFFFD')).toBe(false);
      }),
    );
  });

  test('bounds bytes that are not text', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 900 }), { maxLength: 6 }), (chunks) => {
        expect(Buffer.byteLength(write(chunks).text)).toBeLessThanOrEqual(LIMIT);
      }),
    );
  });

  test('begins with the beginning and ends with the end', () => {
    const { text } = write([Buffer.from(`first${'x'.repeat(5_000)}last`)]);
    expect(text).toMatch(/^first.*\[\.\.\. \d+ bytes left out \.\.\.\].*last$/s);
  });

  test('marks output as truncated when bytes in between never came', () => {
    const output = createOutputBuffer(LIMIT);
    output.write(0, Buffer.from('begin'));
    output.write(1_000_000, Buffer.from('end'));
    expect(output.read()).toEqual({
      text: expect.stringMatching(/^begin\n\[\.\.\. \d+ bytes left out \.\.\.\]\nend$/),
      truncated: true,
    });
  });
});
