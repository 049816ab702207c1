/** The line that opens or closes a block of Markdown. */
const FENCE = /^[^\S\n]*(?:`{3,}|~{3,})[\w+-]*[^\S\n]*\r?$/;

/**
 * Returns a program without what came around it: a byte order mark, Markdown fences. Its lines keep their numbers. A
 * first line that names an interpreter becomes a comment.
 */
export function cleanSource(code: string): string {
  const bare = code.replace(/^\uFEFF/, '');
  const first = bare.split('\n').find((line) => line.trim() !== '');
  return (first !== undefined && FENCE.test(first) ? fencedOnly(bare) : bare).replace(/^#!/, '//');
}

/** Returns what is between the fences of a text; all other lines are empty. */
export function fencedOnly(text: string): string {
  let isInside = false;
  const lines = text.split('\n').map((line) => {
    if (!FENCE.test(line)) return isInside ? line : '';
    isInside = !isInside;
    return '';
  });
  return lines.join('\n');
}

export const hasFence = (text: string): boolean => text.split('\n').some((line) => FENCE.test(line));
