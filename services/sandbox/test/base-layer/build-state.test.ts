import { expect, test } from '@jest/globals';
import { type BuildEvent, type BuildState, type BuildStep, nextBuildState } from '../../src/base-layer/build-state.ts';
import { checkOfBaseLayer, describeBaseLayer } from '../../src/base-layer/describe-base-layer.ts';

const step = (state: BuildState, ...events: readonly BuildEvent[]): BuildStep => {
  let last: BuildStep = { state, effects: [] };
  for (const event of events) last = nextBuildState(last.state, event, 1);
  return last;
};

const OFF: BuildState = { phase: 'off' };
const failed = (isLasting = false): BuildEvent => ({ type: 'failed', reason: 'the disk is full', isLasting });

test('waits longer after each failure, up to half an hour, and keeps the percentage', () => {
  let last = step(OFF, { type: 'start' }, { type: 'progress', percent: 40, set: 'analysis' });
  const waits: number[] = [];
  for (let tries = 0; tries < 12; tries += 1) {
    last = step(last.state, failed());
    expect(last.state).toMatchObject({ phase: 'failed', percent: 40 });
    for (const effect of last.effects) if (effect.type === 'wait') waits.push(effect.ms);
    last = step(last.state, { type: 'retry_due' });
    expect(last.effects).toEqual([{ type: 'spawn' }]);
  }
  expect(waits.slice(0, 3)).toEqual([15_000, 30_000, 60_000]);
  expect(waits.at(-1)).toBe(1_800_000);
});

test('tries no more where another try would fail the same way, and starts no second build beside one', () => {
  expect(step(OFF, { type: 'start' }, failed(true))).toMatchObject({ state: { retryMs: undefined }, effects: [] });
  expect(step(OFF, { type: 'start' }, { type: 'start' }).effects).toEqual([]);
  expect(step({ phase: 'complete' }, failed()).state).toEqual({ phase: 'complete' });
});

test('is told in words, and never makes the service unready', () => {
  const sets = { ready: ['data'], missing: ['analysis'] };
  const building = step(OFF, { type: 'start' }, { type: 'progress', percent: 40, set: 'analysis' }).state;
  expect(checkOfBaseLayer({ ...sets, state: building })).toEqual({
    detail: 'preparing data libraries: 40 % (analysis)',
  });
  expect(describeBaseLayer({ ...sets, state: building })).toEqual({ state: 'building', percent: 40, sets: ['data'] });
  expect(checkOfBaseLayer({ ...sets, state: step(building, failed()).state })).toEqual({
    degraded: 'data libraries are missing (analysis): the disk is full; tried again in 15 s',
  });
  expect(checkOfBaseLayer({ ...sets, state: OFF })).toEqual({
    detail: 'without analysis: npm run python-layer adds them',
  });
});
