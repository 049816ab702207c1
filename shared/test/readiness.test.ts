import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { readinessOf } from '@toolmesh/shared/kit/http/readiness';

describe('readiness', () => {
  test('stays ready with a part that is degraded, and says what it lacks', async () => {
    const checks = {
      whole: () => {},
      noted: () => ({ detail: 'as well as can be' }),
      half: async () => ({ degraded: 'only half of it works' }),
    };
    expect(await readinessOf(checks)).toEqual({
      status: 'ready',
      checks: {
        whole: { status: 'ok' },
        noted: { status: 'ok', detail: 'as well as can be' },
        half: { status: 'degraded', detail: 'only half of it works' },
      },
    });
  });

  test('ends with a part that fails, and hides the text of errors that are not ours', async () => {
    const checks = {
      broken: () => {
        throw new Error('secret');
      },
      down: () => Promise.reject(new MeshError('unavailable', 'it is down')),
    };
    expect(await readinessOf(checks)).toEqual({
      status: 'not_ready',
      checks: {
        broken: { status: 'failed', detail: 'the check itself failed' },
        down: { status: 'failed', detail: 'it is down' },
      },
    });
  });
});
