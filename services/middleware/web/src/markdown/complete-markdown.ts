/**
 * Closes what a message that is still being written has left open, so that what is shown does not jump when the rest
 * comes: an unfinished `**bold` is bold at once, half a link is its label, a lone `-` is no heading yet.
 */
export function completeMarkdown(text: string): string {
  if (endsInFence(text)) return text.replace(/\n[`~]{1,2}$/, '');
  const start = text.lastIndexOf('\n\n') + 1;
  const head = text.slice(0, start);
  const tail = withoutLoneMarker(text.slice(start));
  return head + closeEmphasis(closeLink(closeCode(tail)));
}

function endsInFence(text: string): boolean {
  let fence: string | undefined;
  for (const [, marks = ''] of text.matchAll(/^ {0,3}(`{3,}|~{3,})/gm)) {
    if (fence === undefined) fence = marks;
    else if (marks.startsWith(fence)) fence = undefined;
  }
  return fence !== undefined;
}

/** A line of one mark makes the line above a heading, a list or a rule, depending on what comes next: wait for that. */
const withoutLoneMarker = (tail: string): string => tail.replace(/\n[ \t]*([-=*+#>|_~`]+|\d{1,9}[.)]?)[ \t]*$/, '');

function closeCode(tail: string): string {
  const [, ...rest] = tail.split('`');
  if (rest.length % 2 === 0) return tail;
  return tail.endsWith('`') ? tail.slice(0, -1) : `${tail}\``;
}

/** `![alt](addr` shows nothing yet, `[label](addr` its label. */
const closeLink = (tail: string): string =>
  tail.replace(/!\[[^[\]\n]*(\]\([^)[\n]*|\])?$/, '').replace(/\[([^[\]\n]*)\]\([^)[\n]*$/, '$1');

function closeEmphasis(tail: string): string {
  const trimmed = tail.replace(/(?<=^|\s)(\*{1,3}|_{1,3}|~~)$/, '');
  const prose = trimmed.replaceAll(/`[^`]*`/g, '');
  let closing = '';
  for (const mark of ['**', '~~', '*']) {
    const opened = [...openings(prose, mark)].length;
    if (opened % 2 === 1) closing = mark + closing;
  }
  if (closing === '') return trimmed;
  // `**bold*` is half of its end.
  if (closing.includes('**') && /[^*]\*$/.test(trimmed)) return `${trimmed}*`;
  return trimmed.trimEnd() + closing;
}

/** Finds `mark` as emphasis: not as a bullet, not between blanks or letters, `*` not as part of `**`. */
function openings(prose: string, mark: string): Iterable<unknown> {
  const one = mark === '*' ? String.raw`(?<!\*)\*(?!\*)` : mark === '**' ? String.raw`\*\*` : '~~';
  return prose.matchAll(new RegExp(String.raw`(?<!\\)(?:(?<=\S)${one}(?!\w)|(?<!\w)${one}(?=\S))`, 'g'));
}
