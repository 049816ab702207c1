import { expect, test } from '@jest/globals';
import { readLock } from '../../src/base-layer/lock.ts';
import { chooseWheels } from '../../src/base-layer/build-libraries.ts';
import { fitOf, fitsSomeLinux, type WheelTarget } from '../../src/base-layer/wheel-tags.ts';

const DEBIAN: WheelTarget = { version: '3.11', machine: 'x86_64', libc: ['glibc', 2, 36] };

const bestOf = (target: WheelTarget, files: readonly string[]): string | undefined =>
  files
    .filter((file) => fitOf(file, target) !== undefined)
    .toSorted((a, b) => (fitOf(b, target) ?? 0) - (fitOf(a, target) ?? 0))[0];

test('takes the wheel of this interpreter before one of its stable ABI, and that before one of any Python', () => {
  const [own, stable, pure] = [
    'x-1-cp311-cp311-manylinux_2_28_x86_64.whl',
    'x-1-cp39-abi3-manylinux2014_x86_64.whl',
    'x-1-py3-none-any.whl',
  ];
  expect(bestOf(DEBIAN, [pure, stable, own])).toBe(own);
  expect(bestOf(DEBIAN, [pure, stable])).toBe(stable);
  expect(bestOf({ ...DEBIAN, machine: 'aarch64' }, [own, stable, pure])).toBe(pure);
});

test('takes none for a newer C library, another kind of it, a later Python or a build without the lock', () => {
  const wheels = [
    'x-1-cp311-cp311-manylinux_2_39_x86_64.whl',
    'x-1-cp311-cp311-musllinux_1_2_x86_64.whl',
    'x-1-cp312-abi3-manylinux_2_17_x86_64.whl',
    'x-1-cp314-cp314t-manylinux_2_17_x86_64.whl',
    'x-1.tar.gz',
  ];
  expect(wheels.map((file) => fitOf(file, DEBIAN))).toEqual(wheels.map(() => undefined));
  expect(bestOf({ ...DEBIAN, libc: ['musl', 1, 2] }, wheels)).toBe(wheels[1]);
  expect(wheels.map(fitsSomeLinux)).toEqual([true, true, true, false, false]);
});

test('the lock has a wheel of every library for CPython 3.11 to 3.14 on both processors, each pinned by its hash', () => {
  const { sets, fonts } = readLock();
  const all = sets.flatMap(({ packages }) => packages);
  const expected = (
    'numpy pandas matplotlib scipy scikit-learn seaborn openpyxl xlsxwriter python-docx python-pptx pypdf reportlab ' +
    'pillow beautifulsoup4 lxml sympy tabulate networkx statsmodels duckdb polars pyarrow'
  ).split(' ');
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(expected));
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const version of ['3.11', '3.12', '3.13', '3.14']) {
    for (const machine of ['x86_64', 'aarch64']) {
      expect(chooseWheels(all, { version, machine, libc: ['glibc', 2, 31] })).toHaveLength(all.length);
    }
  }
  expect(fonts.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(25 * 1_024 ** 2);
  expect(() => chooseWheels(all, { ...DEBIAN, version: '3.8' })).toThrow(/has no wheel for Python 3.8 with glibc 2.36/);
});
