import { expect, test } from '@jest/globals';
import { nearestNames } from '../../kit/faults/nearest-names.ts';

const MANY = Array.from({ length: 20_000 }, (_, at) => `a_tool_with_a_name_of_about_sixty_characters_at_place_${at}`);

test('the nearest names come first, and one that holds the other is near', () => {
  const known = ['get_current_time', 'convert_time', 'execute_code', 'alpha'];
  expect(nearestNames('alpa', known)[0]).toBe('alpha');
  expect(nearestNames('Time', known, { limit: 2 })).toEqual(['convert_time', 'get_current_time']);
  expect(nearestNames('zzzz', known, { onlyNear: true })).toEqual([]);
});

test('of very many names the nearest are still found, in a moment', () => {
  const before = process.threadCpuUsage();
  expect(nearestNames('x'.repeat(1_000_000), MANY)).toHaveLength(3);
  expect(nearestNames('execute_cod', [...MANY, 'execute_code'])[0]).toBe('execute_code');
  const { user, system } = process.threadCpuUsage(before);
  // Some 50 ms, and several times that while coverage is measured; looking at all of them took 20 s.
  expect((user + system) / 1_000).toBeLessThan(5_000);
});
