import { fileURLToPath } from 'node:url';
import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { z } from 'zod';

const workers = (fallback: number) => z.coerce.number().int().min(1).max(64).default(fallback);

export const SandboxConfig = serviceConfig(8001, {
  MAX_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(16 * 1_024 ** 2),
  /** The level that Python must have: the best there is, or one that is demanded. */
  SANDBOX_ISOLATION: z.enum(['auto', 'namespaces', 'wasm']).default('auto'),
  MIN_WORKERS: workers(2),
  MAX_WORKERS: workers(8),
  /** Bubblewrap, which makes jails. */
  SANDBOX_BWRAP: z.string().default('/usr/bin/bwrap'),
  /** The system's interpreter, which runs Python in namespaces. */
  SANDBOX_PYTHON: z.string().default('/usr/bin/python3'),
  /** Sessions that may be open at the same time, and for how long one is kept after its last call. */
  SANDBOX_MAX_SESSIONS: z.coerce.number().int().min(1).max(1_000).default(16),
  SANDBOX_SESSION_IDLE_MS: z.coerce.number().int().min(1_000).default(600_000),
  /** Where packages are from, and by which way. */
  PIP_INDEX_URL: z.url().default('https://pypi.org/simple'),
  NPM_CONFIG_REGISTRY: z.url().default('https://registry.npmjs.org'),
  HTTP_PROXY: z.string().optional(),
  HTTPS_PROXY: z.string().optional(),
  NO_PROXY: z.string().optional(),
  /** Whoever has it may decide on packages that need an approval; without one nobody may. */
  SANDBOX_ADMIN_KEY: z.string().min(1).optional(),
  /** Another policy than `data/package-policy.json`. */
  SANDBOX_PACKAGE_POLICY: z.string().optional(),
  /** Where packages and approvals are kept; absent: in `packages` below SANDBOX_CACHE_DIR. */
  SANDBOX_DATA_DIR: z.string().optional(),
  /** Where what is made once is kept between starts: saved memory, parts of the jail. */
  SANDBOX_CACHE_DIR: z.string().default(fileURLToPath(new URL('../../../data/sandbox', import.meta.url))),
});
export type SandboxConfig = z.output<typeof SandboxConfig>;
