import { expect, test } from '@jest/globals';
import { checkLibraries } from '../libraries.ts';

const sandboxWith = (health: Record<string, unknown>) =>
  [{ name: 'sandbox', port: 1, url: '', state: 'running', health }] as const;
const layer = (state: string) => sandboxWith({ python_layer: { state, percent: 40, sets: ['data'] } });

test('says how far the libraries of programs are, and what to do where nobody builds them', () => {
  expect(checkLibraries(layer('building'))).toMatchObject([{ level: 'ok', says: expect.stringContaining('40 %') }]);
  expect(checkLibraries(layer('complete'))).toMatchObject([{ level: 'ok', says: 'programs in Python have data' }]);
  expect(checkLibraries(layer('off'))).toMatchObject([
    { level: 'note', cure: expect.stringContaining('python-layer') },
  ]);
  expect(checkLibraries(layer('failed'))).toMatchObject([{ level: 'note', cure: expect.stringContaining('/ready') }]);
  expect(checkLibraries(sandboxWith({}))).toEqual([]);
});
