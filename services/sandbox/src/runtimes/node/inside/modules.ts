import type { LoadHookSync, ResolveFnOutput, ResolveHookSync } from 'node:module';
import { cleanSource } from '../../javascript/source/clean-source.ts';
import { WORK } from './explain.ts';
import { adaptOs } from './node-api.ts';
import { looksLikeModule } from './program.ts';
import { openToolmesh, TOOLMESH, TOOLMESH_SOURCE, TOOLMESH_URL } from './tools/module.ts';
import { loadersFor, transform, type Transformed } from './transform.ts';

const fs = process.getBuiltinModule('node:fs');
const Module = process.getBuiltinModule('node:module');
const { dirname, extname } = process.getBuiltinModule('node:path');
const { fileURLToPath, pathToFileURL } = process.getBuiltinModule('node:url');

/** The source of a program that is an ES module, at its own address. */
export interface MainModule {
  readonly url: string;
  readonly source: string;
}

export interface ModuleHooks {
  /** Sets the program that the main module's address leads to. */
  setMain(main: MainModule): void;
}

export interface ModuleHooksOptions {
  readonly esbuild: string;
  /** Is told of each file that is not run as it was written. */
  readonly onTransformed: (file: string, transformed: Transformed) => void;
}

const TYPED = /\.(?:[cm]?tsx?|jsx)$/;
const RELATIVE = /^\.{1,2}(?:\/|$)|^file:/;
/** Endings that may be left out, as bundlers and TypeScript have it. */
const ENDINGS = ['.ts', '.tsx', '.js', '.jsx', '.mjs', '.cjs', '.json', '/index.ts', '/index.js'];

/**
 * Makes `import` and `require` find what Node alone does not: the program itself, TypeScript and JSX with all that they
 * may have, files whose ending is left out, JSON without an attribute, the tools of the mesh.
 */
export function hookModules({ esbuild, onTransformed }: ModuleHooksOptions): ModuleHooks {
  let main: MainModule | undefined;

  const resolve: ResolveHookSync = (specifier, context, nextResolve) => {
    if (specifier === main?.url) return { url: specifier, format: 'module', shortCircuit: true };
    if (specifier === TOOLMESH) {
      openToolmesh();
      return { url: TOOLMESH_URL, format: 'module', shortCircuit: true };
    }
    if (specifier === 'os' || specifier === 'node:os') adaptOs();
    try {
      return withAttributes(nextResolve(specifier, context));
    } catch (error) {
      const found = RELATIVE.test(specifier) ? findUnended(specifier, context.parentURL) : undefined;
      if (found === undefined) throw error;
      return withAttributes(nextResolve(found, context));
    }
  };

  const load: LoadHookSync = (url, context, nextLoad) => {
    if (url === main?.url) return { format: 'module', source: main.source, shortCircuit: true };
    if (url === TOOLMESH_URL) return { format: 'module', source: TOOLMESH_SOURCE, shortCircuit: true };
    if (!url.startsWith(`file://${WORK}`) || !TYPED.test(url)) return nextLoad(url, context);
    const file = fileURLToPath(url);
    const code = cleanSource(fs.readFileSync(file, 'utf8'));
    const isTypeScript = !file.endsWith('.jsx');
    const loaders = file.endsWith('.tsx') ? (['tsx'] as const) : loadersFor(code, isTypeScript);
    const transformed = transform(code, { file, loaders, esbuild });
    onTransformed(file, transformed);
    return { format: formatOf(file, transformed.code), source: transformed.code, shortCircuit: true };
  };

  Module.registerHooks({ resolve, load });
  return {
    setMain: (given) => {
      main = given;
    },
  };
}

/** JSON is imported without `with { type: 'json' }` where bundlers are usual. */
function withAttributes(found: ResolveFnOutput): ResolveFnOutput {
  if (!found.url.startsWith(`file://${WORK}`) || !found.url.endsWith('.json')) return found;
  return { ...found, importAttributes: { type: 'json' } };
}

function findUnended(specifier: string, parent = pathToFileURL(`${WORK}main.js`).href): string | undefined {
  const path = fileURLToPath(new URL(specifier, parent.startsWith('file:') ? parent : `file://${WORK}`));
  if (!path.startsWith(WORK)) return undefined;
  const ended = extname(path);
  // TypeScript names the file that it would write.
  const written = ended === '.js' || ended === '.mjs' || ended === '.cjs' ? path.replace(/js$/, 'ts') : undefined;
  const candidates = [...(written === undefined ? [] : [written]), ...ENDINGS.map((end) => path + end)];
  const found = candidates.find((candidate) => fs.existsSync(candidate));
  return found === undefined ? undefined : pathToFileURL(found).href;
}

function formatOf(file: string, code: string): 'module' | 'commonjs' {
  if (/\.mtsx?$/.test(file)) return 'module';
  return !/\.ctsx?$/.test(file) && looksLikeModule(code) ? 'module' : 'commonjs';
}

/** Makes the module that a program is, as `node main.js` would. */
export function createMainModule(file: string) {
  const main = new Module('.');
  main.filename = file;
  main.paths = Reflect.apply(Reflect.get(Module, '_nodeModulePaths'), Module, [dirname(file)]);
  Reflect.set(process, 'mainModule', main);
  const cache: unknown = Reflect.get(Module, '_cache');
  if (typeof cache === 'object' && cache !== null) Reflect.set(cache, file, main);
  const require = Module.createRequire(file);
  return { module: main, require };
}
