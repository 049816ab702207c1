import { type NodeHost, nodeWorker, whyUnjailed } from '../node-worker.ts';
import type { Runtime } from '../runtime.ts';

const SCRIPT = new URL('./worker.ts', import.meta.url);
const IMPORTS = ['isolated-vm', 'node-gyp-build', 'resolve.exports'] as const;

/**
 * JavaScript and TypeScript in an isolate inside a process, which is in a jail where there is one: no host file, no
 * network, no module but its own few and those of its packages.
 */
export function createJavaScript(host: NodeHost): Runtime {
  let isTypeScriptExpected = false;
  return {
    name: 'javascript-isolate',
    languages: ['javascript', 'typescript'],
    isolation: 'isolate',
    unjailed: whyUnjailed(host),
    worker: (packages) =>
      nodeWorker(
        {
          script: SCRIPT,
          imports: IMPORTS,
          options: isTypeScriptExpected ? ['--typescript'] : [],
          reads: packages === undefined ? [] : [packages],
        },
        host,
      ),
    expect: (language) => {
      isTypeScriptExpected ||= language === 'typescript';
    },
  };
}
