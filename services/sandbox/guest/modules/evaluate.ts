/** Held before a program can replace it. */
// oxlint-disable-next-line no-eval -- programs are run by it, in their own isolate
const indirectEval: (text: string) => unknown = eval;

/** Runs a script in the global scope; `fileName` is its name in stacks. @throws SyntaxError, or what the script throws */
export const runScript = (text: string, fileName: string): unknown =>
  indirectEval(`${text}\n//# sourceURL=${fileName}`);
