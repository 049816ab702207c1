import { endOfString } from '../text/end-of-string.ts';
import { splitFences } from './fences.ts';
import type { Intent, Reading } from './intent.ts';

const BACKTICKS = /`([^`\n]+)`/g;
/** "execute:", "Run this Python code:" and what lies between. */
const MARKER =
  /\b(?:execute|run)\b(?:\s+(?:this|the|following|some|python|javascript|js|typescript|ts|bash|shell|code|program|script))*\s*:/gi;

const LANGUAGES: Readonly<Record<string, string>> = {
  python: 'python',
  py: 'python',
  javascript: 'javascript',
  js: 'javascript',
  node: 'javascript',
  typescript: 'typescript',
  ts: 'typescript',
  bash: 'bash',
  sh: 'bash',
  shell: 'bash',
  r: 'r',
  go: 'go',
  golang: 'go',
};

/** Finds programs: in a fence, in backticks, or after "execute:" or "run:". */
export function readCode(text: string): Reading {
  const intents: Intent[] = [];
  const wanted = languageNamedIn(text);
  const take = (code: string, tag = ''): string => {
    const trimmed = withoutBlankEdges(code);
    const language = LANGUAGES[tag.toLowerCase()] ?? wanted ?? languageOf(trimmed);
    if (trimmed.trim() !== '') intents.push({ tool: 'execute_code', arguments: { language, code: dedent(trimmed) } });
    return ' ';
  };
  const rest = splitFences(text)
    .map((part) => (typeof part === 'string' ? part : take(part.code, part.tag)))
    .join('')
    .replaceAll(BACKTICKS, (_all, code: string) => take(code));

  const markers = [...rest.matchAll(MARKER)];
  if (markers.length === 0) return { intents, rest };
  const prose = [rest.slice(0, markers[0]?.index)];
  for (const [i, marker] of markers.entries()) {
    const [code, after] = splitProse(rest.slice(marker.index + marker[0].length, markers[i + 1]?.index));
    take(straightQuotes(code));
    prose.push(after);
  }
  return { intents, rest: prose.join(' ') };
}

function languageNamedIn(text: string): string | undefined {
  const parts = splitFences(text).map((part) => (typeof part === 'string' ? part : ' '));
  const prose = parts.join('').replaceAll(BACKTICKS, ' ');
  return LANGUAGES[/\b(python|javascript|typescript|js|ts|node|bash|shell)\b/i.exec(prose)?.[1]?.toLowerCase() ?? ''];
}

/** Guesses the language of code where the message does not name it. */
function languageOf(code: string): string {
  if (/^#!\/(?:usr\/)?bin\/(?:env )?(?:ba)?sh\b/.test(code)) return 'bash';
  if (/:\s*(?:number|string|boolean)\b|^[ \t]*(?:interface|enum)\s/m.test(code)) return 'typescript';
  if (/\bconsole\.\w+\(|^[ \t]*(?:const|let|var|function)\b|=>/m.test(code)) return 'javascript';
  return 'python';
}

const JOINT = /(?:\s+(?:and\s+then|and\s+also|and|then|also|plus)\s+|\s*[,;.]\s+(?:and\s+|then\s+|also\s+)*)/iy;
const REQUEST =
  /^(?:please\s+)?(?:can you\s+|could you\s+)?(?:tell|show|give|say|let|what|which|when|how|convert|list|calculate|compute|explain|get|(?:the\s+)?(?:current\s+)?(?:time|date)\b)/i;

/** Splits code from the words behind it: `print("Hello") and tell me the time`. Joints inside quotes or brackets are code. */
function splitProse(text: string): readonly [code: string, prose: string] {
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (char === '"' || char === "'") {
      i = endOfString(text, i);
      if (i === -1) break;
    } else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    else if (depth === 0 && mayBeginJoint(text, i)) {
      const prose = proseAfterJoint(text, i);
      if (prose !== undefined) return [text.slice(0, i), prose];
    }
  }
  return REQUEST.test(text.trim()) ? ['', text] : [text, ''];
}

/** Tells whether a joint may begin at `i`: with a mark, or with the first of several blanks. */
function mayBeginJoint(text: string, i: number): boolean {
  const isBlank = (char = 'x') => char.trim() === '';
  if (isBlank(text[i])) return !isBlank(text[i - 1]);
  return ',;.'.includes(text[i] ?? 'x');
}

/** Returns the request that follows a joint at `start`. */
function proseAfterJoint(text: string, start: number): string | undefined {
  JOINT.lastIndex = start;
  const joint = JOINT.exec(text)?.[0];
  const rest = joint === undefined ? '' : text.slice(start + joint.length);
  return joint !== undefined && REQUEST.test(rest) ? rest : undefined;
}

/** Replaces the typographic quotes that word processors and phones make. */
const straightQuotes = (text: string): string => text.replaceAll(/[“”]/g, '"').replaceAll(/[‘’]/g, "'");

/** Removes blank lines before code and all blanks behind it. The indentation of the first line stays. */
function withoutBlankEdges(code: string): string {
  const blanks = code.length - code.trimStart().length;
  return code.slice(code.slice(0, blanks).lastIndexOf('\n') + 1).trimEnd();
}

/** Removes the indentation that all lines share. */
function dedent(code: string): string {
  const lines = code.split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const shared = indents.reduce((least, indent) => Math.min(least, indent), code.length);
  return lines.map((line) => line.slice(shared)).join('\n');
}
