import { fileURLToPath } from 'node:url';
import { bodyBytes, SECRET, serviceConfig } from '@toolmesh/shared/kit/service/config';
import { z } from 'zod';

const workers = (fallback: number) => z.coerce.number().int().min(1).max(64).default(fallback);

export const SandboxConfig = serviceConfig(8001, {
  MAX_BODY_BYTES: bodyBytes(16),
  SANDBOX_ISOLATION: z
    .enum(['auto', 'namespaces', 'wasm'])
    .default('auto')
    .describe(
      'The best isolation that works (`auto`); `namespaces`: a jail for every language, or no start; `wasm`: Python in WebAssembly.',
    ),
  SANDBOX_LIMITS: z
    .enum(['auto', 'cgroup', 'rlimits'])
    .default('auto')
    .describe(
      'Limits on memory and processes: control groups where they can be had (`auto`), `cgroup` to demand them, `rlimits` to go without.',
    ),
  MIN_WORKERS: workers(2).describe(
    'Warm workers of each kind, as far as `MAX_WORKERS` leaves room for them. One of Python takes 23 MB, with numpy 100, in wasm 270.',
  ),
  MAX_WORKERS: workers(8).describe(
    'Most programs at once, over all languages, package sets and sessions. Warm workers count and make room.',
  ),
  SANDBOX_MEMORY_MB: z.coerce
    .number()
    .int()
    .min(16)
    .optional()
    .describe(
      'Memory in MiB that running programs (each its `memory_mb`) and sessions at rest may have together. ' +
        'Default: three quarters of the machine’s, or of its cgroup’s limit.',
    ),
  SANDBOX_LAUNCHER_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(2_000)
    .describe(
      'Workers after which their launcher is renewed: until then they have one hash seed and layout of memory.',
    ),
  SANDBOX_LAUNCHER_MINUTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(60)
    .describe('Minutes after which a launcher is renewed.'),
  SANDBOX_BWRAP: z.string().default('/usr/bin/bwrap').describe('Path of bubblewrap, which makes the jails.'),
  SANDBOX_PYTHON: z
    .string()
    .default('/usr/bin/python3')
    .describe('Path of the interpreter that runs Python in namespaces.'),
  SANDBOX_BASE_LAYER: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe(
      'Builds what is missing of the libraries, fonts and locales for every Python program (1.1 GB) in the background (`auto`); ' +
        '`off`: only `npm run python-layer` does.',
    ),
  SANDBOX_MAX_SESSIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(64)
    .describe(
      'Most sessions of `execute_code` that are open at once. One more ends the one that has rested longest, for a minute at least.',
    ),
  SANDBOX_SESSION_IDLE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .default(3_600_000)
    .describe('How long the variables of a session are kept after its last call. Its files are kept longer.'),
  SANDBOX_WORKSPACE_MAX_MB: z.coerce
    .number()
    .int()
    .min(1)
    .default(256)
    .describe('Most files of one session that are kept when it ends, in MiB.'),
  SANDBOX_WORKSPACES_MAX_MB: z.coerce
    .number()
    .int()
    .min(1)
    .default(2_048)
    .describe(
      'Most that the files of all sessions and their snapshots may take, in MiB; the longest unused make room.',
    ),
  SANDBOX_WORKSPACES_MAX_IDLE_HOURS: z.coerce
    .number()
    .positive()
    .max(87_600)
    .default(168)
    .describe('Hours after its last call that the files of a session, and snapshots, are kept.'),
  MCP_SERVER_URL: z
    .url()
    .default('http://localhost:8000')
    .describe('Address of the hub, whose tools programs may call (`tools` of `execute_code`).'),
  MCP_SERVER_API_KEY: z.string().optional().describe('Key of the hub. Default: `API_KEY`.').meta(SECRET),
  SANDBOX_MAX_TOOL_CALLS: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(100)
    .describe('Most tool calls of one program; 0 lets programs call none.'),
  SANDBOX_MAX_PROGRAM_DEPTH: z.coerce
    .number()
    .int()
    .min(0)
    .max(3)
    .default(0)
    .describe('How deep programs may run `execute_code` in one another; 0: not at all.'),
  PIP_INDEX_URL: z
    .url()
    .default('https://pypi.org/simple')
    .describe('Index that Python packages come from.')
    .meta(SECRET),
  SANDBOX_PYODIDE_PACKAGES_URL: z
    .url()
    .optional()
    .describe(
      'Folder of the packages of Pyodide’s distribution, for native code in wasm. Default: the official one of its version.',
    ),
  NPM_CONFIG_REGISTRY: z
    .url()
    .default('https://registry.npmjs.org')
    .describe('Registry that npm packages come from.')
    .meta(SECRET),
  HTTP_PROXY: z.string().optional().describe('Proxy for downloads over http.').meta(SECRET),
  HTTPS_PROXY: z.string().optional().describe('Proxy for downloads over https.').meta(SECRET),
  NO_PROXY: z.string().optional().describe('Hosts that are downloaded from without a proxy, separated by commas.'),
  SANDBOX_ADMIN_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('Key that decides on package approvals, sent as `X-Admin-Key`. Without it nobody can decide.')
    .meta(SECRET),
  SANDBOX_PACKAGE_POLICY: z
    .string()
    .optional()
    .describe('Policy file for packages. Default: `services/sandbox/data/package-policy.json`.'),
  SANDBOX_LAYERS_MAX_MB: z.coerce
    .number()
    .int()
    .min(1)
    .default(4_096)
    .describe('Most that installed packages may take, in MiB; those that were not used the longest make room.'),
  SANDBOX_LAYERS_MAX_IDLE_DAYS: z.coerce
    .number()
    .min(1)
    .max(3_650)
    .default(30)
    .describe('Days after which installed packages are removed that no program has used.'),
  SANDBOX_MALICIOUS_LIST: z
    .union([z.literal('off'), z.url()])
    .default('https://osv-vulnerabilities.storage.googleapis.com')
    .describe("Address of OSV's dumps, from which the list of malicious packages is renewed daily; `off` never does."),
  SANDBOX_PACKAGE_MIN_AGE_DAYS: z.coerce
    .number()
    .min(0)
    .max(365)
    .default(3)
    .describe('Days that a release of a package has to be old before it is installed; 0 installs it at once.'),
  SANDBOX_FILES_MAX_MB: z.coerce
    .number()
    .int()
    .min(1)
    .default(2_048)
    .describe('Most that kept files, uploads and results of programs, may take, in MiB; the oldest make room.'),
  SANDBOX_FILE_MAX_MB: z.coerce.number().int().min(1).max(65_536).default(100).describe('Largest kept file in MiB.'),
  SANDBOX_FILES_MAX_AGE_HOURS: z.coerce
    .number()
    .positive()
    .max(87_600)
    .default(168)
    .describe('Hours that an upload or a file of a result is kept.'),
  SANDBOX_DATA_DIR: z
    .string()
    .optional()
    .describe('Folder of installed packages, approvals and files. Default: `packages` in `SANDBOX_CACHE_DIR`.'),
  SANDBOX_CACHE_DIR: z
    .string()
    .default(fileURLToPath(new URL('../../../data/sandbox', import.meta.url)))
    .describe('Folder of what is made once and kept between starts: saved memory, parts of the jail.'),
});
export type SandboxConfig = z.output<typeof SandboxConfig>;
