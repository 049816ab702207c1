import {
  EXECUTE_CODE,
  EXECUTE_TIMEOUT_MS,
  ExecuteArguments,
  ExecutionResult,
} from '@toolmesh/shared/contracts/execution';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { checkInput, MeshError } from '@toolmesh/shared/kit/faults/errors';
import { defineRoute, type Route } from '@toolmesh/shared/kit/http/route';
import { z } from 'zod';
import type { Execute } from './execute.ts';

const Arguments = ExecuteArguments.strict();

/** The REST face of the use case: `POST /execute` with the bare result. */
export const executionRoutes = (execute: Execute): readonly Route[] => [
  defineRoute({
    method: 'post',
    path: '/execute',
    summary: 'Runs one program: the tool execute_code with its bare result',
    // Parsed below: what breaks the schema is an invalid argument of the tool, not an invalid request.
    input: { body: z.record(z.string(), z.unknown()) },
    response: ExecutionResult,
    handle: ({ body, signal: caller }) => {
      const subject = `Arguments of ${EXECUTE_CODE}`;
      const program = checkInput(Arguments, body, { code: 'invalid_arguments', subject });
      const late = () =>
        new MeshError('upstream_timeout', `${EXECUTE_CODE} did not end within ${EXECUTE_TIMEOUT_MS} ms`);
      const deadline = { signal: caller, ms: EXECUTE_TIMEOUT_MS, late };
      return withDeadline(deadline, (signal) => execute(program, signal));
    },
  }),
];
