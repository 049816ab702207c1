import { bodyBytes, SECRET, serviceConfig } from '@toolmesh/shared/kit/service/config';
import { z } from 'zod';

/** The settings of the code executor. */
export const ExecutorConfig = serviceConfig(8004, {
  MAX_BODY_BYTES: bodyBytes(16),
  SANDBOX_URL: z.url().default('http://localhost:8001').describe('Address of the sandbox.'),
  SANDBOX_API_KEY: z.string().optional().describe('Key of the sandbox. Default: `API_KEY`.').meta(SECRET),
});
