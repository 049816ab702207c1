import type { SourceMap } from 'node:module';
const Module = process.getBuiltinModule('node:module');
const { basename } = process.getBuiltinModule('node:path');

type Loader = 'js' | 'jsx' | 'ts' | 'tsx';

/** JavaScript, and the places that its lines come from. */
export interface Transformed {
  readonly code: string;
  readonly placeOf: (line: number, column: number) => { readonly line: number; readonly column: number } | undefined;
}

export interface TransformOptions {
  /** The path of the file, whose ending need not say what it is. */
  readonly file: string;
  /** The syntaxes to try, one after the other. */
  readonly loaders: readonly Loader[];
  readonly esbuild: string;
  /** True to keep imports that the code does not use, as a later program of its session may. */
  readonly keepsImports?: boolean;
}

/** Newer syntax than this is Node's own. */
const TARGET = 'node24';
const MAX_OUTPUT_BYTES = 64 * 1_024 ** 2;

/**
 * Turns TypeScript or JSX into JavaScript by a process of esbuild: it takes 14 ms of processor time, where Node's own
 * stripper of types takes 58 and knows no JSX, enums that it has to transform and decorators.
 * @throws SyntaxError with a stack that points at the place
 */
export function transform(
  code: string,
  { file, loaders, esbuild, keepsImports = false }: TransformOptions,
): Transformed {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  let refusal = '';
  for (const loader of loaders) {
    const { status, stdout, stderr, error } = spawnSync(
      esbuild,
      [
        `--loader=${loader}`,
        `--target=${TARGET}`,
        '--sourcemap=inline',
        '--sources-content=false',
        '--charset=utf8',
        '--log-limit=1',
        '--color=false',
        '--log-level=error',
        `--sourcefile=${basename(file)}`,
        ...jsxOptions(code),
        `--tsconfig-raw=${JSON.stringify({ compilerOptions: compilerOptions(code, keepsImports) })}`,
      ],
      { input: code, maxBuffer: MAX_OUTPUT_BYTES, env: {} },
    );
    if (error !== undefined) throw error;
    if (status === 0) return withMap(stdout.toString());
    refusal ||= stderr.toString();
  }
  throw syntaxError(refusal, { code, file });
}

/** Returns the loaders for a program or a file of a language. A type in angle brackets is JSX in the second. */
export function loadersFor(code: string, isTypeScript: boolean): readonly Loader[] {
  if (!isTypeScript) return ['jsx'];
  return looksLikeJsx(code) ? ['tsx', 'ts'] : ['ts', 'tsx'];
}

const looksLikeJsx = (code: string): boolean => /<\/[A-Za-z][\w.]*\s*>|\/>|<>/.test(code);

/** With React in the program, JSX calls it; else it calls what a comment names, or imports what it needs. */
function jsxOptions(code: string): readonly string[] {
  const isClassic = /\bReact\b/.test(code) || /@jsx\s/.test(code);
  return isClassic ? [] : ['--jsx=automatic'];
}

/** Marks of TypeScript's own decorators, which came before the standard's; fields were assigned then. */
const EXPERIMENTAL =
  /\b(?:PropertyDescriptor|TypedPropertyDescriptor|descriptor|propertyKey|propertyName|parameterIndex|emitDecoratorMetadata)\b|reflect-metadata|\bReflect\s*\.\s*\w*[mM]etadata|\(\s*target\s*:[^,)]*,\s*\w+\s*:\s*(?:string|symbol|any)\b|[(,]\s*@\w+(?:\([^()]*\))?\s+(?:public |private |protected |readonly )*\w+\s*[?:,)]/;
const STANDARD =
  /\bClass\w*DecoratorContext\b|\bDecoratorContext\b|\bcontext\s*\.\s*(?:name|kind|addInitializer|access)\b/;

function compilerOptions(code: string, keepsImports: boolean): object {
  const isExperimental = code.includes('@') && EXPERIMENTAL.test(code) && !STANDARD.test(code);
  return {
    ...(isExperimental ? { experimentalDecorators: true, useDefineForClassFields: false } : {}),
    ...(keepsImports ? { verbatimModuleSyntax: true } : {}),
  };
}

const MAP = /\n?\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

function withMap(output: string): Transformed {
  const [mark = '', data = ''] = MAP.exec(output) ?? [];
  let map: SourceMap | undefined;
  return {
    code: output.slice(0, output.length - mark.length),
    placeOf: (line, column) => {
      map ??= new Module.SourceMap(JSON.parse(Buffer.from(data, 'base64').toString()));
      const entry = map.findEntry(line - 1, Math.max(0, column - 1));
      return 'originalLine' in entry ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 } : undefined;
    },
  };
}

/** `✘ [ERROR] Expected ";" but found "x"`, an empty line, `    main.ts:1:6:`. */
const REFUSAL = /\[ERROR\] (.*)\n\n {4}[^:\n]*:(\d+):(\d+):/;

function syntaxError(text: string, { code, file }: { readonly code: string; readonly file: string }): SyntaxError {
  const [, message = text.trim(), line = '1', column = '0'] = REFUSAL.exec(text) ?? [];
  const error = new SyntaxError(message);
  const source = code.split('\n')[Number(line) - 1] ?? '';
  error.stack = `${file}:${line}\n${source}\n${' '.repeat(Number(column))}^\n\nSyntaxError: ${message}`;
  return error;
}
