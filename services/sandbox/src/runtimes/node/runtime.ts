import { type JailedLanguage, PACKAGES } from '../jailed/runtime.ts';

/** Directories in a jail: Node and the transformer of TypeScript; the code of workers. */
const PROGRAMS = '/opt/node/bin';
const HOME = '/opt/node/lib';

const MIB = 1_024 ** 2;
/** The memory that workers are started for, the usual limit: V8 takes the size of its heap when it starts. */
const USUAL_MEMORY_BYTES = 512 * MIB;
/** Memory on the heap that is Node's own, in MiB. */
const OWN_MB = 8;

/** V8 takes addresses without using them: 2 GiB by itself, 19 with WebAssembly. 64 GiB lead to 128 MiB of page tables. */
const ADDRESS_BYTES = 64 * 1_024 * MIB;

export interface NodeNamespacesOptions {
  /** Folder of the worker's code, as `prepareInside` makes it. */
  readonly inside: string;
  /** Path of esbuild's program. */
  readonly esbuild: string;
}

/** The service's own Node in a jail: all that Node has but the network, and npm packages with native parts. */
export function nodeNamespaces({ inside, esbuild }: NodeNamespacesOptions): JailedLanguage {
  return {
    name: 'node-namespaces',
    languages: ['javascript', 'typescript'],
    interpreter: {
      command: [
        `${PROGRAMS}/node`,
        '--disable-warning=ExperimentalWarning',
        '--disable-sigusr1',
        '--max-old-space-size={memory_mb}',
        `${HOME}/boot.cjs`,
        JSON.stringify({ esbuild: `${PROGRAMS}/esbuild` }),
      ],
      environment: {},
      version: process.versions.node,
      takes: 'orders',
      started_for_bytes: USUAL_MEMORY_BYTES,
      own_mb: OWN_MB,
      address_bytes: ADDRESS_BYTES,
      data_bytes: null,
    },
    mounts: [
      { from: process.execPath, to: `${PROGRAMS}/node` },
      { from: esbuild, to: `${PROGRAMS}/esbuild` },
      { from: inside, to: HOME },
    ],
    // Where Node looks from a program's folder last.
    links: [{ to: `${PACKAGES}/node_modules`, path: '/node_modules' }],
    env: { PATH: `/usr/bin:${PROGRAMS}:${PACKAGES}/bin` },
  };
}
