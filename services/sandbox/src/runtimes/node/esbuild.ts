import { accessSync, constants, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(createRequire(import.meta.url).resolve('esbuild'));

/**
 * Returns the path of esbuild's own program for this machine, which is a part of its npm package for it alone.
 * @throws Error when it is not installed
 */
export function esbuildProgram(): string {
  const path = realpathSync(require.resolve(`@esbuild/linux-${process.arch}/bin/esbuild`));
  accessSync(path, constants.X_OK);
  return path;
}
