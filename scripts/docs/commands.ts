import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES } from '../../mesh/services.ts';

/** One fenced block of a document. */
export interface CodeBlock {
  /** `docs/index.md:12`: the file and the line of the fence. */
  readonly at: string;
  /** The words after the fence: a language, and for shell blocks `run` or `needs=...`. */
  readonly info: string;
  readonly text: string;
}

/** A shell block that a reader may copy, and the JSON that the document shows as its answer. */
export interface Command {
  readonly at: string;
  readonly script: string;
  readonly expected: unknown;
}

const FENCE = /^( *)```(.*)\n([\s\S]*?)^ *```$/gm;

/** Lists the documents that users and contributors read. */
export function documentsOf(root: string): readonly string[] {
  const globs = ['*.md', 'docs/**/*.md', 'services/**/*.md', 'monitoring/*.md', 'examples/**/*.md'];
  return globs.flatMap((glob) => globSync(glob, { cwd: root, exclude: ['**/node_modules/**'] }).sort());
}

/** Lists the fenced blocks of all documents. */
export function codeBlocks(root: string): readonly CodeBlock[] {
  return documentsOf(root).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(FENCE)].map((match) => {
      const [, , info = '', body = ''] = match;
      return { at: `${file}:${text.slice(0, match.index).split('\n').length}`, info, text: body };
    });
  });
}

/** Lists the blocks marked `sh run`, each with the `json output` block that follows it. */
export function runnableCommands(blocks: readonly CodeBlock[]): readonly Command[] {
  return blocks.flatMap(({ at, info, text }, index) => {
    if (info !== 'sh run') return [];
    const next = blocks[index + 1];
    const isAnswered = next?.info === 'json output' && fileOf(next) === fileOf({ at });
    return [{ at, script: text, expected: isAnswered ? JSON.parse(next.text) : undefined }];
  });
}

/** The file that a block is in. */
export const fileOf = ({ at }: Pick<CodeBlock, 'at'>): string => at.slice(0, at.lastIndexOf(':'));

/** Replaces the ports that documents show by those of a mesh that runs elsewhere. */
export function withPorts(script: string, urlOf: (service: string) => string): string {
  return SERVICES.reduce(
    (text, { name, port }) => text.replaceAll(new RegExp(`(?:http://)?localhost:${port}\\b`, 'g'), urlOf(name)),
    script,
  );
}

/** Lists what is wrong with the output of a command. Where the document shows no answer, only an error is wrong. */
export function answerProblems(output: string, expected: unknown): readonly string[] {
  if (expected !== undefined) return differences(expected, JSON.parse(output));
  return /"error": ?\{"code"/.test(output) ? [output] : [];
}

const WORD = /^[a-z_.]+$/;

/**
 * Lists where an answer differs in shape from the one that a document shows: a missing key, another type, another word.
 * Numbers, sentences and further keys may differ.
 */
export function differences(shown: unknown, actual: unknown, path = 'answer'): readonly string[] {
  if (Array.isArray(shown)) return listDifferences(shown, actual, path);
  if (isObject(shown)) {
    if (!isObject(actual)) return [`${path} is no object`];
    return Object.entries(shown).flatMap(([key, value]) =>
      key in actual ? differences(value, actual[key], `${path}.${key}`) : [`${path}.${key} is missing`],
    );
  }
  const isOtherWord = typeof shown === 'string' && WORD.test(shown) && shown !== actual;
  if (isOtherWord) return [`${path} is ${JSON.stringify(actual)}`];
  return shown === null || typeof shown === typeof actual ? [] : [`${path} is ${typeof actual}`];
}

function listDifferences(shown: readonly unknown[], actual: unknown, path: string): readonly string[] {
  if (!Array.isArray(actual)) return [`${path} is no list`];
  if (shown.length === 0) return [];
  return actual.length === 0 ? [`${path} is empty`] : differences(shown[0], actual[0], `${path}[0]`);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
