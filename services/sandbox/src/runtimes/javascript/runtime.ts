import { type NodeJail, nodeWorker } from '../node-worker.ts';
import type { Runtime } from '../runtime.ts';

const SCRIPT = new URL('./worker.ts', import.meta.url);
const IMPORTS = ['isolated-vm', 'node-gyp-build', 'acorn', 'node-inspect-extracted', 'resolve.exports'];

/**
 * JavaScript and TypeScript in an isolate inside a process, which is in a jail where there is one: no host file, no
 * network, no module but its own few and those of its packages.
 */
export function createJavaScript(jail: NodeJail | undefined): Runtime {
  let isTypeScriptExpected = false;
  return {
    name: 'javascript-isolate',
    languages: ['javascript', 'typescript'],
    isolation: 'isolate',
    worker: (packages) =>
      nodeWorker(
        {
          script: SCRIPT,
          imports: IMPORTS,
          options: isTypeScriptExpected ? ['--typescript'] : [],
          reads: packages === undefined ? [] : [packages],
        },
        jail,
      ),
    expect: (language) => {
      isTypeScriptExpected ||= language === 'typescript';
    },
  };
}
