import { build, type BuildOptions, stop } from 'esbuild';

/** The parts of a bundle beside its entry. */
export type BundleOptions = Pick<BuildOptions, 'define' | 'format' | 'inject' | 'platform' | 'plugins' | 'target'>;

/** Bundles that are being made: all by one process of esbuild. */
let running = 0;

/** Bundles a script with all that it imports, by esbuild, whose process ends with the last bundle. @throws Error of esbuild */
export async function bundleScript(entry: string, options: BundleOptions): Promise<string> {
  running += 1;
  try {
    const { outputFiles } = await build({
      target: 'esnext',
      // V8 keeps such text as one byte for each character.
      charset: 'ascii',
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: 'none',
      logLevel: 'silent',
      ...options,
      entryPoints: [entry],
      bundle: true,
      write: false,
    });
    return outputFiles[0]?.text ?? '';
  } finally {
    running -= 1;
    if (running === 0) await stop();
  }
}
