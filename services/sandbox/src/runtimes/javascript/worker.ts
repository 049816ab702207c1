// A process that runs one JavaScript or TypeScript program in an isolate, or those of a session one after the other.
// Arguments: `--typescript` to be ready for TypeScript, which takes 11 MiB and 50 ms, before the first program asks for
// it; the path of a directory with a `node_modules` that programs can import from; none without it.
import { fileURLToPath } from 'node:url';
import {
  type InterpreterProgram,
  type InterpreterReport,
  type OutputPiece,
  serveWorker,
} from '../../workers/serve-worker.ts';
import { readGuest } from '../isolate/guest.ts';
import { createJavaScriptInterpreter, WARM_MEMORY_BYTES } from './javascript-isolate.ts';
import { cleanSource } from './source/clean-source.ts';
import { stripTypes } from './typescript.ts';

const EXPECTS_TYPESCRIPT = '--typescript';

/** Made beside the scripts (worker-scripts.ts). */
const GUEST = fileURLToPath(new URL('../../../../../guest/javascript.js', import.meta.url));

await serveWorker(async () => {
  const guest = readGuest(GUEST);
  const packages = process.argv.slice(2).find((argument) => argument !== EXPECTS_TYPESCRIPT);
  const createInterpreter = async (memoryBytes: number) => {
    if (packages === undefined) return createJavaScriptInterpreter({ guest, memoryBytes });
    const { createPackageFiles } = await import('./package-files.ts');
    return createJavaScriptInterpreter({ guest, memoryBytes, locate: createPackageFiles(packages) });
  };
  let interpreter = await createInterpreter(WARM_MEMORY_BYTES);
  let isUsed = false;
  let refusal: OutputPiece[] = [];
  // The first use of the type stripper loads it, which costs more than most programs take.
  if (process.argv.includes(EXPECTS_TYPESCRIPT)) stripTypes('');

  const run = async (given: InterpreterProgram): Promise<InterpreterReport> => {
    const program = { ...given, code: cleanSource(given.code) };
    if (!isUsed && program.memoryBytes !== WARM_MEMORY_BYTES)
      interpreter = await createInterpreter(program.memoryBytes);
    isUsed = true;
    if (program.language === 'javascript') return interpreter.run({ ...program, fileName: 'main.js' });
    const stripped = stripTypes(program.code);
    if ('code' in stripped) return interpreter.run({ ...program, code: stripped.code, fileName: 'main.ts' });
    refusal = [{ position: 0, bytes: Buffer.from(`${stripped.error.traceback}\n`) }];
    return {
      result: null,
      error: stripped.error,
      exit_code: 1,
      signal: null,
      out_of_memory: false,
      artifacts: [],
      artifacts_truncated: false,
    };
  };

  return {
    version: process.versions.v8,
    stdout: { take: () => interpreter.stdout.take() },
    stderr: { take: () => [...refusal.splice(0), ...interpreter.stderr.take()] },
    run,
    rehearse: () => interpreter.rehearse(),
  };
});
