import type { Tool } from '@toolmesh/shared/contracts/tool';
import { imagesOf } from '../text/images.ts';
import type { Message } from '../model.ts';

/**
 * Estimates how many tokens a text is, for any model. Tokenizers differ and are not at hand for most models, so this
 * counts characters by kind, each at its cost in the vocabularies of GPT-4 and GPT-4o together (measured on prose of
 * ten languages, code, JSON, base64): a small letter or a blank a quarter of a token, and so on. The model's own counts
 * then correct it, see `createCalibration`.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (let i = 0; i < text.length; i += 1) tokens += costOf(text.charCodeAt(i));
  return Math.ceil(tokens);
}

function costOf(code: number): number {
  if ((code >= 0x61 && code <= 0x7a) || code === 0x20) return 0.22;
  if (code >= 0x30 && code <= 0x39) return 0.55;
  if (code >= 0x41 && code <= 0x5a) return 0.6;
  if (code < 0x80) return 0.6;
  // Other alphabets; then Chinese, Japanese, Korean, and the halves of what is above the basic plane.
  return code < 0x2e80 ? 0.7 : 1.1;
}

/** Roles and separators of a chat template. */
const TOKENS_PER_MESSAGE = 5;
/** The cost of an image of common size with most vision models; they scale larger ones down. */
const TOKENS_PER_IMAGE = 1_200;

export function estimateMessage(message: Message): number {
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
  const thoughts = message.role === 'assistant' ? (message.reasoning ?? '') : '';
  const name = message.role === 'tool' ? message.name : '';
  const written = calls.map(({ name: called, arguments: args }) => {
    const text = typeof args === 'string' ? args : (JSON.stringify(args) ?? '');
    return TOKENS_PER_MESSAGE + estimateTokens(called) + estimateTokens(text);
  });
  return (
    TOKENS_PER_MESSAGE +
    estimateTokens(message.content) +
    estimateTokens(thoughts) +
    estimateTokens(name) +
    imagesOf(message).length * TOKENS_PER_IMAGE +
    sum(written)
  );
}

/** A tool is counted in every step of every chat, and does not change. */
const toolTokens = new WeakMap<Tool, number>();

export function estimateTools(tools: readonly Tool[]): number {
  return sum(
    tools.map((tool) => {
      const known = toolTokens.get(tool);
      if (known !== undefined) return known;
      const { name, description, input_schema } = tool;
      const tokens = TOKENS_PER_MESSAGE + estimateTokens(JSON.stringify({ name, description, input_schema }));
      toolTokens.set(tool, tokens);
      return tokens;
    }),
  );
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
