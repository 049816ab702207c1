import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { type JsonObject, listOf, numberOf, objectOf, prettyJson, textOf } from '../api/json.ts';

/** A file that came of a call, its bytes in base64, or to be downloaded by its id. */
export interface OutputFile {
  readonly id?: string | undefined;
  readonly path: string;
  readonly mimeType: string;
  readonly sizeBytes: number;
  readonly data: string;
}

export interface OutputImage {
  readonly name: string;
  /** A `data:` address: nothing is fetched to show it. */
  readonly src: string;
  readonly file: OutputFile;
}

/** One stretch of text of a result, under what it is called. */
export interface OutputText {
  readonly label: string;
  readonly text: string;
  readonly tone: 'plain' | 'error';
}

/** The result of a call as a reader wants it: texts, pictures, files, and one line of facts. */
export interface ToolOutput {
  readonly texts: readonly OutputText[];
  readonly images: readonly OutputImage[];
  readonly files: readonly OutputFile[];
  readonly facts: readonly string[];
}

/** The types that are shown as images. An SVG in an image element runs no script and loads nothing. */
const IMAGE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/svg+xml']);
const BASE64 = /^[A-Za-z0-9+/\s]*(?:={1,2}\s*)?$/;

/** Reads what a tool gave: a `ToolResult` of the contract, the content of a code run, or whatever else it is. */
export function readToolOutput(output: unknown): ToolOutput {
  if (output === undefined || output === null) return { texts: [], images: [], files: [], facts: [] };
  const result = objectOf(output);
  const structured = objectOf(result['structured_content']);
  if (typeof structured['stdout'] === 'string') return readExecution(structured, listOf(result['content']));
  if (!Array.isArray(result['content'])) return plain(prettyJson(output));
  return readContent(result);
}

const plain = (text: string): ToolOutput => ({
  texts: [{ label: 'Result', text, tone: 'plain' }],
  images: [],
  files: [],
  facts: [],
});

function readContent(result: JsonObject): ToolOutput {
  const blocks = listOf(result['content']).filter(isRecord);
  const tone = result['is_error'] === true ? ('error' as const) : ('plain' as const);
  const label = tone === 'error' ? 'Error' : 'Result';
  const images = blocks.flatMap((block, index) =>
    block['type'] === 'image' ? readImage(block, `image-${index + 1}`) : [],
  );
  const texts = blocks.flatMap((block) => (block['type'] === 'image' ? [] : [textOfBlock(block)]));
  return { texts: texts.map((text) => ({ label, text: indented(text), tone })), images, files: [], facts: [] };
}

/** Any block is shown, one of an unknown kind as what it is. */
const textOfBlock = (block: JsonObject): string =>
  textOf(block['text']) ?? textOf(objectOf(block['resource'])['text']) ?? prettyJson(block);

/** JSON that a tool gave as one line is easier to read on several. */
function indented(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  const value = parseJson(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

function readImage(block: JsonObject, name: string): readonly OutputImage[] {
  const mimeType = textOf(block['mimeType']) ?? '';
  const data = textOf(block['data']) ?? '';
  return imageOf({ path: name, mimeType, sizeBytes: Math.floor((data.length * 3) / 4), data });
}

function imageOf(file: OutputFile): readonly OutputImage[] {
  if (!IMAGE_TYPES.has(file.mimeType) || !BASE64.test(file.data)) return [];
  return [{ name: file.path, src: `data:${file.mimeType};base64,${file.data.replaceAll(/\s/g, '')}`, file }];
}

/** A run of code (contract, section 5): its streams, its value, its error, its files. */
function readExecution(run: JsonObject, content: readonly unknown[]): ToolOutput {
  const error = objectOf(run['error']);
  const errorText = textOf(error['traceback']) || [error['type'], error['message']].filter(Boolean).join(': ');
  const texts: readonly (readonly [string, string | undefined, OutputText['tone']])[] = [
    ['Output', textOf(run['stdout']), 'plain'],
    ['Standard error', textOf(run['stderr']), 'error'],
    ['Value', textOf(run['result']), 'plain'],
    ['Error', errorText, 'error'],
  ];
  const files = listOf(run['artifacts']).filter(isRecord).map(readArtifact);
  const pictures = files.flatMap(imageOf);
  const shown = pictures.length > 0 ? pictures : readContent({ content }).images;
  return {
    texts: texts.flatMap(([label, text = '', tone]) => (text.trim() === '' ? [] : [{ label, text, tone }])),
    images: shown,
    files: files.filter((file) => !pictures.some((picture) => picture.file === file)),
    facts: executionFacts(run),
  };
}

const readArtifact = (artifact: JsonObject): OutputFile => ({
  id: textOf(artifact['id']),
  path: textOf(artifact['path']) ?? 'file',
  mimeType: textOf(artifact['mime_type']) ?? 'application/octet-stream',
  sizeBytes: numberOf(artifact['size_bytes']) ?? 0,
  data: textOf(artifact['data']) ?? '',
});

function executionFacts(run: JsonObject): readonly string[] {
  const runtime = objectOf(run['runtime']);
  const memory = numberOf(run['peak_memory_bytes']);
  const exitCode = numberOf(run['exit_code']);
  const truncated = objectOf(run['truncated']);
  const status = textOf(run['status'])?.replaceAll('_', ' ');
  return [
    ...(status === undefined || status === 'success' ? [] : [status]),
    ...(exitCode === undefined || exitCode === 0 ? [] : [`exit code ${exitCode}`]),
    [textOf(runtime['language']), textOf(runtime['version'])].filter(Boolean).join(' '),
    textOf(runtime['isolation']) ?? '',
    ...(runtime['jailed'] === false ? ['without a jail'] : []),
    ...(memory === undefined || memory === 0 ? [] : [`${Math.round(memory / 1_024 ** 2)} MiB`]),
    ...(Object.values(truncated).includes(true) ? ['output truncated'] : []),
  ].filter((fact) => fact !== '');
}
