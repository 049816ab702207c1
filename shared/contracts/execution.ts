import { z } from 'zod';
import { DisplayData } from './display.ts';
import { describeExecution } from './execution-text.ts';
import { FileId, SandboxSessionId } from './files.ts';
import type { ContentBlock } from './tool.ts';

const KIB = 1_024;
const MIB = 1_024 ** 2;

/** Limits of one execution (contract, section 5). */
export const LIMITS = {
  codeBytes: 256 * KIB,
  stdinBytes: MIB,
  files: 20,
  filesBytes: 10 * MIB,
  packages: 20,
  outputBytes: 64 * KIB,
  artifacts: 20,
  artifactsBytes: 8 * MIB,
  displays: 100,
  displaysBytes: 4 * MIB,
} as const;

export const Language = z.enum(['python', 'javascript', 'typescript', 'bash', 'r', 'go']);
export type Language = z.output<typeof Language>;

const atMostBytes = (limit: number) => (text: string) => Buffer.byteLength(text) <= limit;

/** Names of the working directory, by those of other code interpreters. */
export const WORK_DIRECTORIES = [
  '/work',
  '/mnt/data',
  '/home/user',
  '/home/sandbox',
  '/workspace',
  '/content',
] as const;

/** Takes the working directory off an absolute path. */
function relativeTo(path: string): string {
  const [, rest = path] = /^(?:sandbox:)?(\/.*)$/.exec(path) ?? [];
  const directory = WORK_DIRECTORIES.find((name) => rest.startsWith(`${name}/`));
  return directory === undefined ? path : rest.slice(directory.length + 1);
}

/**
 * A file path below the working directory, with `/` as separator: no `..`, no drive, no control characters. An absolute
 * path in the working directory, by whatever of its names, is taken as the relative one.
 */
const RelativePath = z
  .string()
  .min(1)
  .max(255)
  .overwrite(relativeTo)
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  .regex(/^(?![A-Za-z]:)[^\\\u0000-\u001F\u007F]+$/, 'must be a plain relative path with / between its parts')
  .refine((path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), {
    message: 'must be a relative path without empty, "." or ".." parts',
  });

const InputFile = z
  .strictObject({
    path: RelativePath.describe('Where to put it, relative to the working directory'),
    content: z.string().optional().describe('The content itself; or file_id instead'),
    encoding: z.enum(['utf8', 'base64']).default('utf8'),
    file_id: FileId.optional().describe('The id of a kept file: an upload (POST /files), or the id of an artifact'),
  })
  .refine(({ content, file_id }) => (content === undefined) !== (file_id === undefined), {
    path: ['content'],
    message: 'needs either content or file_id',
  })
  .refine(({ content = '', encoding }) => encoding === 'utf8' || isBase64(content), {
    path: ['content'],
    message: 'is not valid base64',
  });
export type InputFile = z.output<typeof InputFile>;

const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

const InputFiles = z
  .array(InputFile)
  .max(LIMITS.files)
  .refine((files) => sizeOf(files) <= LIMITS.filesBytes, `together at most ${LIMITS.filesBytes} bytes`)
  .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, 'two files have the same path');

function sizeOf(files: readonly InputFile[]): number {
  return files.reduce((sum, { content = '', encoding }) => sum + Buffer.byteLength(content, encoding), 0);
}

/** Limits of the tool calls of one program (contract, section 14). */
export const TOOL_CALL_LIMITS = {
  /** Names in `tools`. */
  names: 5_000,
  nameChars: 128,
  /** Calls that run at the same time; more wait. */
  atOnce: 8,
  /** JSON of the arguments of one call. */
  argumentsBytes: 1_000_000,
  /** The result of one call, and those of all calls of a program. */
  resultBytes: 4 * MIB,
  resultsBytes: 32 * MIB,
  /** Calls that the result of a program lists. */
  listed: 500,
} as const;

/** The tools that a program may call: all that its caller may call, or these alone. */
const ProgramTools = z.union([
  z.boolean(),
  z.array(z.string().min(1).max(TOOL_CALL_LIMITS.nameChars)).max(TOOL_CALL_LIMITS.names),
]);

/** A call of a tool by a program. `refused`: it did not run; `cancelled`: the program ended first. */
export const ProgramToolCall = z.object({
  name: z.string(),
  status: z.enum(['success', 'error', 'refused', 'cancelled']),
  duration_ms: z.number(),
});
export type ProgramToolCall = z.output<typeof ProgramToolCall>;

/** The arguments of `execute_code`, which are also the body of `POST /execute`. */
export const ExecuteArguments = z.object({
  code: z
    .string()
    .min(1)
    .refine(atMostBytes(LIMITS.codeBytes), `at most ${LIMITS.codeBytes} bytes`)
    .describe('The program. The value of its last expression comes back as result'),
  language: Language.default('python'),
  stdin: z
    .string()
    .refine(atMostBytes(LIMITS.stdinBytes), `at most ${LIMITS.stdinBytes} bytes`)
    .optional()
    .describe('Text for the standard input of the program'),
  files: InputFiles.optional().describe('Files for the working directory, there before the program starts'),
  packages: z
    .array(z.string().min(1).max(214))
    .max(LIMITS.packages)
    .optional()
    .describe(
      'Packages of PyPI or npm that the program imports, by name or as "name==1.2.3": checked and installed first',
    ),
  tools: ProgramTools.optional().describe('The tools of this server that the program can call: all (true) or these'),
  timeout_ms: z.int().min(100).max(120_000).default(30_000).describe('When to stop the program, in milliseconds'),
  memory_mb: z.int().min(16).max(2_048).default(512).describe('How much memory the program may use, in MiB'),
  session_id: SandboxSessionId.optional().describe(
    'Keeps variables and files for later calls with the same id. Choose one that others cannot guess',
  ),
});
export type ExecuteArguments = z.output<typeof ExecuteArguments>;

export const Isolation = z.enum(['namespaces', 'wasm', 'isolate']);
export type Isolation = z.output<typeof Isolation>;

/** The result of one execution (contract, section 5). */
export const ExecutionResult = z.object({
  status: z.enum(['success', 'error', 'timeout', 'out_of_memory', 'killed']),
  stdout: z.string(),
  stderr: z.string(),
  exit_code: z.int().nullable().describe('null when the program did not end by itself'),
  signal: z.string().nullable().describe('The signal that ended the program, or null'),
  result: z.string().nullable().describe('The last expression as a REPL shows it, or null'),
  error: z.object({ type: z.string(), message: z.string(), traceback: z.string() }).nullable(),
  artifacts: z.array(
    z.object({
      path: z.string(),
      mime_type: z.string(),
      size_bytes: z.int(),
      data: z
        .string()
        .optional()
        .describe('The content in base64, unless the result has no room for it: then it is at the url'),
      id: FileId.optional().describe('Names the file in `files` of a later call; undefined where it could not be kept'),
      url: z.string().optional().describe('Where the file is downloaded'),
    }),
  ),
  display_data: z.array(DisplayData).describe('What the program showed besides its output, in order'),
  truncated: z.object({
    stdout: z.boolean(),
    stderr: z.boolean(),
    artifacts: z.boolean(),
    display_data: z.boolean(),
  }),
  duration_ms: z.number(),
  cpu_ms: z.number(),
  peak_memory_bytes: z.int().describe('The most memory the program used, in bytes, above that of an idle worker'),
  runtime: z.object({
    language: Language,
    version: z.string(),
    isolation: Isolation,
    jailed: z.boolean().describe('Whether a jail of namespaces was around the process'),
  }),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
  session: z
    .enum(['new', 'continued', 'restored', 'restarted', 'ended'])
    .optional()
    .describe(
      'With session_id: begun; continued; begun anew with the files that it had (restored), or its process was, at the ' +
        'end (restarted): variables are gone; or it has ended, and the next call has its files',
    ),
  tool_calls: z
    .array(ProgramToolCall)
    .optional()
    .describe(`The tool calls of a program that was given \`tools\`, the first ${TOOL_CALL_LIMITS.listed}`),
});
export type ExecutionResult = z.output<typeof ExecutionResult>;

/** The name of the tool, at the sandbox and at every service that forwards it. */
export const EXECUTE_CODE = 'execute_code';

const MOST_WAITED_MS = 30_000;

/** Returns the most time, in milliseconds, that a program gets beyond its `timeout_ms` for what it waited for a processor. */
export const mostWaitedMs = (timeoutMs: number): number => Math.min(2 * timeoutMs, MOST_WAITED_MS);

/** The longest that a call may take, in milliseconds: the run, its packages and the wait for a worker. */
export const EXECUTE_TIMEOUT_MS = 260_000;

/** The definition of the tool without its `run`, shared by every service that serves it. */
export const EXECUTE_CODE_TOOL = {
  name: EXECUTE_CODE,
  title: 'Run code',
  description:
    'Runs a program (Python, JavaScript, TypeScript) in a sandbox without network. Returns what it printed, the value of ' +
    'its last expression, errors, and every file that it wrote to its working directory (/mnt/data is the same); plots ' +
    'and display() are returned, too. numpy, pandas and matplotlib are there for Python; name other packages in ' +
    '`packages` instead of running pip or npm. Each call starts anew, unless session_id keeps variables and files. With ' +
    'tools: true the program itself can call the tools of this server: Python `from toolmesh import tools; ' +
    "tools.NAME(...)`, JavaScript `import { tools } from 'toolmesh'; await tools.NAME({...})`.",
  input: ExecuteArguments,
  output: ExecutionResult,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  timeoutMs: EXECUTE_TIMEOUT_MS,
  isError: ({ status }: ExecutionResult) => status !== 'success',
  render: renderExecution,
} as const;

const IMAGE = /^image\/(png|jpeg|gif|webp)$/;

/** Renders an execution for a model: a compact text, images, and links to the files that are none. */
function renderExecution(execution: ExecutionResult): readonly ContentBlock[] {
  const { artifacts, display_data } = execution;
  const kept = new Set(artifacts.filter(isImage).map(({ path }) => path));
  // A figure that is a file as well is shown once.
  const shown = display_data.filter(({ metadata }) => !kept.has(String(metadata['artifact'])));
  const images = shown.flatMap(({ data }) => Object.entries(data).flatMap(toImage).slice(0, 1));
  return [
    { type: 'text', text: describeExecution(execution) },
    ...artifacts.flatMap(renderArtifact),
    ...images.slice(0, LIMITS.artifacts),
  ];
}

type Artifact = ExecutionResult['artifacts'][number];

const isImage = ({ data, mime_type }: Artifact): boolean => data !== undefined && IMAGE.test(mime_type);

function renderArtifact({ path, mime_type, size_bytes, data, url }: Artifact): readonly ContentBlock[] {
  if (data !== undefined && IMAGE.test(mime_type)) return [{ type: 'image', data, mimeType: mime_type }];
  if (url === undefined) return [];
  return [{ type: 'resource_link', uri: url, name: path, mimeType: mime_type, size: size_bytes }];
}

const toImage = ([type, data]: [string, unknown]): readonly ContentBlock[] =>
  IMAGE.test(type) && typeof data === 'string' ? [{ type: 'image', data, mimeType: type }] : [];
