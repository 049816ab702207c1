import { type DisplayData, readableText } from './display.ts';

/** The parts of an execution that its text for a model is made of. */
export interface DescribedExecution {
  readonly status: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number | null;
  readonly result: string | null;
  readonly error: { readonly type: string; readonly message: string } | null;
  readonly artifacts: readonly DescribedArtifact[];
  readonly display_data?: readonly DisplayData[];
  readonly session?: string | undefined;
  readonly truncated: { readonly artifacts: boolean; readonly display_data?: boolean };
}

interface DescribedArtifact {
  readonly path: string;
  readonly mime_type: string;
  readonly size_bytes: number;
  readonly data?: string | undefined;
}

/** Characters of one display, and of all together. */
const DISPLAY_CHARS = 4_000;
const DISPLAYS_CHARS = 16_000;

/** Describes an execution for a model, in a compact text. */
export function describeExecution(execution: DescribedExecution): string {
  const { status, exit_code, result, error } = execution;
  const stdout = withoutOverwritten(execution.stdout).trimEnd();
  const stderr = withoutOverwritten(execution.stderr).trimEnd();
  const parts: string[] = [];
  if (status !== 'success') parts.push(`status: ${status}${exit_code === null ? '' : ` (exit code ${exit_code})`}`);
  if (stdout !== '') parts.push(`stdout:\n${stdout}`);
  if (stderr !== '') parts.push(`stderr:\n${stderr}`);
  parts.push(...describeDisplays(execution));
  if (result !== null) parts.push(`result: ${result}`);
  // The traceback is on standard error already; an error that is not there is added here.
  if (error !== null && !stderr.includes(error.message)) parts.push(`error: ${error.type}: ${error.message}`);
  parts.push(...describeRest(execution));
  return parts.length === 0 ? 'The program ended without output.' : parts.join('\n');
}

/** Describes the files of an execution, and what has become of its session. */
const describeRest = ({ artifacts, truncated, session }: DescribedExecution): readonly string[] => [
  ...(artifacts.length > 0 ? [`files: ${artifacts.map(describeArtifact).join(', ')}`] : []),
  ...(truncated.artifacts && artifacts.every(({ data }) => data !== undefined)
    ? ['files: some were left out, because the result has no room for more']
    : []),
  ...(session === undefined ? [] : (SESSIONS[session] ?? [])),
];

/** Facts that a model has to know of its session. */
const SESSIONS: Readonly<Record<string, readonly string[]>> = {
  restored: ['session: it has begun anew with its files; the variables of earlier calls are gone'],
  restarted: ['session: its files are kept; its variables are gone'],
};

const describeArtifact = ({ path, mime_type, size_bytes }: DescribedArtifact): string =>
  `${path} (${mime_type}, ${size_bytes} bytes)`;

/** The texts of displays, in order. Pictures go beside the text, and the last value is in it already. */
function describeDisplays({ display_data = [], result, truncated }: DescribedExecution): readonly string[] {
  let room = DISPLAYS_CHARS;
  const parts = display_data.flatMap((display) => {
    const types = Object.keys(display.data);
    const text = readableText(display);
    if (text === undefined || text === result || types.some(isPicture)) return [];
    const shown = cut(text, Math.min(room, DISPLAY_CHARS));
    room -= shown.length;
    return [`display (${types.join(', ')}):\n${shown}`];
  });
  const isCut = truncated.display_data === true;
  return isCut ? [...parts, 'display: some were left out, because the result has no room for more'] : parts;
}

const isPicture = (type: string): boolean => /^image\/(?:png|jpeg|gif|webp)$/.test(type);

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length)}\n[... ${text.length - length} characters left out ...]`;

/** Leaves of each line what a terminal shows of it: a progress bar overwrites itself after a carriage return. */
export function withoutOverwritten(text: string): string {
  if (!text.includes('\r')) return text;
  return text
    .split('\n')
    .map((line) => {
      const parts = line.split('\r');
      return parts.findLast((part) => part !== '') ?? '';
    })
    .join('\n');
}
