import { MeshError } from '../kit/faults/errors.ts';
import { IS_FULL } from './depth.ts';
import { fc } from './property.ts';

export interface HostileTextOptions {
  /** The marks that mean something to the parser: they are repeated, nested, alternated and left open. */
  readonly marks: readonly string[];
  /** Default: 1 MiB at full depth, a quarter of it in a commit's run. */
  readonly chars?: number;
}

/** A parser in linear time needs a few dozen milliseconds; one in quadratic time needs minutes. */
const MAX_CPU_MS = 2_000;
const CHARS = IS_FULL ? 1_024 ** 2 : 256 * 1_024;
const RANDOM_RUNS = IS_FULL ? 200 : 15;
const ORDINARY = ['x', ' ', '\n', '1', '\\'];

/**
 * Checks that a parser reads 1 MiB of anything in a moment, or refuses it with a {@link MeshError}. The texts are runs of
 * the parser's own marks. Judged by the processor time of this thread, at growing lengths: a busy machine changes no
 * verdict, and a parser that is too slow is found before it stands still.
 */
export async function expectLinear(
  read: (text: string) => unknown,
  { marks, chars = CHARS }: HostileTextOptions,
): Promise<void> {
  const part = fc.array(fc.constantFrom(...marks, ...ORDINARY), { minLength: 1, maxLength: 3 });
  const unit = part.map((parts) => parts.join(''));
  const shape = fc.record({
    before: fc.constantFrom('', ...marks),
    units: fc.array(unit, { minLength: 1, maxLength: 3 }),
    after: fc.constantFrom('', 'x', ...marks),
  });
  const runs = [...marks, ...ORDINARY].map((mark) => [{ before: marks[0] ?? '', units: [mark], after: 'x' }]);
  await fc.assert(
    fc.asyncProperty(shape, async ({ before, units, after }) => {
      for (const size of [chars / 16, chars]) {
        const filling = units.map((text) => text.repeat(Math.ceil(size / units.length / text.length)));
        const ms = await cpuMs(read, before + filling.join('') + after);
        if (ms > MAX_CPU_MS) throw new Error(`${Math.ceil(ms)} ms of processor time for ${size} characters`);
      }
    }),
    { numRuns: runs.length + RANDOM_RUNS, examples: runs, endOnFailure: true },
  );
}

/** Returns the processor time that reading a text takes. @throws what `read` throws, but for a refusal */
async function cpuMs(read: (text: string) => unknown, text: string): Promise<number> {
  const before = process.threadCpuUsage();
  try {
    await read(text);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** Cuts a text into pieces of at most `chars` characters. */
export const inPieces = (text: string, chars = 16): readonly string[] =>
  Array.from({ length: Math.ceil(text.length / chars) }, (_, i) => text.slice(i * chars, (i + 1) * chars));
