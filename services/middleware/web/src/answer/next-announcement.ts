/**
 * Returns the next announcement of a text that is still being written: the whole sentences after the first `already`
 * characters, or all that is left once it is complete. Code blocks are named, not read.
 */
export function nextAnnouncement(
  text: string,
  already: number,
  isComplete: boolean,
): { readonly text: string; readonly upTo: number } {
  const rest = text.slice(already);
  const end = isComplete ? rest.length : endOfLastSentence(rest);
  const said = rest
    .slice(0, end)
    .replaceAll(/```[^]*?(?:```|$)/g, ' Code block. ')
    .replaceAll(/[*_`#>|]+/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return { text: said, upTo: already + end };
}

function endOfLastSentence(text: string): number {
  const isInCode = text.split('```').length % 2 === 0;
  const open = isInCode ? text.slice(0, text.lastIndexOf('```')) : text;
  const ends = [...open.matchAll(/[.!?:]\s|\n/g)];
  const last = ends.at(-1);
  return last === undefined ? 0 : last.index + last[0].length;
}
