import type { Answer } from '@toolmesh/shared/test-kit/requests';
import type { Expectation, ExpectedFile, Pattern } from './corpus.ts';

/** Lists what is wrong with the answer to `POST /tools/execute_code`, in sentences; nothing where all is as expected. */
export function faultsOf(answer: Answer, expected: Expectation): readonly string[] {
  if (answer.status !== 200) {
    const message = String(answer.body?.error?.message);
    if (expected.status !== 'refused') return [`was answered ${answer.status}: ${message}`];
    return faultsOfTexts(expected, { refused: message });
  }
  const { structured_content: result, content } = answer.body;
  const seen = content.map(({ type, text, mimeType }: Record<string, string>) => text ?? `[${type} ${mimeType}]`);
  const texts = {
    stdout: result.stdout,
    stderr: result.stderr,
    result: result.result,
    error: result.error === null ? null : `${result.error.type}: ${result.error.message}`,
    seen: seen.join('\n'),
  };
  return [
    ...(result.status === expected.status
      ? []
      : [`ended as ${result.status}: ${JSON.stringify(texts).slice(0, 2_000)}`]),
    ...faultsOfTexts(expected, texts),
    ...faultsOfFiles(expected.artifacts, result.artifacts),
    ...faultsOfDisplays(expected.displays, result.display_data ?? []),
  ];
}

const faultsOfTexts = ({ patterns }: Expectation, texts: Partial<Record<Pattern, unknown>>): readonly string[] =>
  [...patterns]
    .filter(([name, pattern]) => !pattern.test(String(texts[name])))
    .map(([name, pattern]) => `${name} is ${JSON.stringify(texts[name])?.slice(0, 2_000)}, which is not ${pattern}`);

interface Artifact {
  readonly path: string;
  readonly mime_type: string;
  readonly size_bytes: number;
}

function faultsOfFiles(expected: readonly ExpectedFile[] | undefined, found: readonly Artifact[]): readonly string[] {
  if (expected === undefined) return [];
  const isAsExpected = ({ path, mimeType, leastBytes }: ExpectedFile) =>
    found.some(
      (file) =>
        file.path === path && (mimeType === undefined || file.mime_type === mimeType) && file.size_bytes >= leastBytes,
    );
  const isRight = expected.length === found.length && expected.every(isAsExpected);
  const list = found.map(({ path, mime_type, size_bytes }) => `${path} ${mime_type} ${size_bytes}`);
  return isRight ? [] : [`left ${JSON.stringify(list)} instead of ${JSON.stringify(expected)}`];
}

function faultsOfDisplays(
  expected: readonly (readonly string[])[] | undefined,
  found: readonly { readonly data: object }[],
): readonly string[] {
  if (expected === undefined) return [];
  const types = found.map(({ data }) => Object.keys(data));
  const isRight =
    expected.length === types.length &&
    expected.every((wanted, i) => wanted.every((type) => (types[i] ?? []).includes(type)));
  return isRight ? [] : [`displayed ${JSON.stringify(types)} instead of ${JSON.stringify(expected)}`];
}
