import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { z } from 'zod';
import type { ActiveRuns } from '../chat/active-runs.ts';

/** `POST /runs/{run_id}/cancel`: ends a run; its callers get the answer so far. */
export const runRoutes = (runs: ActiveRuns): readonly Route[] => [
  defineRoute({
    method: 'post',
    path: '/runs/:run_id/cancel',
    summary: 'Ends a run: the model’s answer, its tool calls and what they started',
    input: { params: z.object({ run_id: z.string() }) },
    response: z.object({ run_id: z.string(), status: z.literal('cancelled') }),
    handle: ({ params: { run_id } }) => {
      if (runs.cancel(run_id)) return { run_id, status: 'cancelled' as const };
      throw new MeshError('not_found', `No run ${run_id.slice(0, 64)} is under way`);
    },
  }),
];
