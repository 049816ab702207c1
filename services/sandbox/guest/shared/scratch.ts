/** The directory of files that a program may want back, though it is not the working directory. */
export const SCRATCH = '/tmp';

/** Matches files of types that people want to have, but for names as those of `tempfile` (toolmesh_scratch.py). */
const RESULT =
  /^\/tmp\/(?!\.|(?:.*\/)?tmp[^/.]{8}[/.])(?:[^/]+\/)*[^/]+\.(?:csv|tsv|xlsx|docx|pptx|pdf|png|jpe?g|gif|webp|svg|html?|md|ipynb|zip|parquet|wav)$/i;
const MAX_PRINTED = 64 * 1_024;

/** Tells which files of {@link SCRATCH} a program means to return: those of usual types, and those that it has named. */
export interface Scratch {
  /** Looks for paths in output. */
  look(bytes: Uint8Array): void;
  isMeant(path: string): boolean;
  restart(): void;
}

export function createScratch(): Scratch {
  let printed = '';
  return {
    look(bytes) {
      if (printed.length > MAX_PRINTED || bytes.length > MAX_PRINTED) return;
      const text = String.fromCharCode(...bytes);
      if (text.includes(`${SCRATCH}/`)) printed += text;
    },
    isMeant: (path) => RESULT.test(path) || printed.includes(path),
    restart() {
      printed = '';
    },
  };
}
