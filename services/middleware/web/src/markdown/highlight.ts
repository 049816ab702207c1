/** A stretch of code of one kind; `plain` has no colour of its own. */
export interface CodeSpan {
  readonly kind: 'plain' | 'comment' | 'string' | 'number' | 'keyword';
  readonly text: string;
}

/** Longer code is shown without colours: they are a comfort, and must not cost a frame. */
const MAX_CHARS = 40_000;

const STRINGS = String.raw`"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?`;
const NUMBERS = String.raw`\b(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)\b`;

interface Grammar {
  readonly comment: string;
  readonly string: string;
  readonly keywords: string;
}

const C_LIKE: Grammar = {
  comment: String.raw`//[^\n]*|/\*[^]*?(?:\*/|$)`,
  string: `${STRINGS}|\`(?:\\\\.|[^\`\\\\])*\`?`,
  keywords:
    'abstract as async await break case catch class const continue debugger default delete do else enum export extends ' +
    'false finally fn for from function func go if implements import in instanceof interface let match mod mut namespace ' +
    'new nil null package private protected pub public readonly return satisfies self static struct super switch this ' +
    'throw throws trait true try type typeof undefined use using var void where while with yield int long float double ' +
    'bool boolean char string',
};
const PYTHON: Grammar = {
  comment: '#[^\\n]*',
  string: String.raw`[rbfu]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|${STRINGS})`,
  keywords:
    'and as assert async await break case class continue def del elif else except False finally for from global if ' +
    'import in is lambda match None nonlocal not or pass raise return True try while with yield',
};
const SHELL: Grammar = {
  comment: String.raw`(?<=^|\s)#[^\n]*`,
  string: STRINGS,
  keywords: 'case cd do done echo elif else esac exit export fi for function if in local return sudo then while',
};
const SQL: Grammar = {
  comment: String.raw`--[^\n]*|/\*[^]*?(?:\*/|$)`,
  string: STRINGS,
  keywords:
    'all alter and as asc between by case create delete desc distinct drop else end exists false from full group having ' +
    'in inner insert into is join left like limit not null offset on or order outer primary key references right select ' +
    'set table then true union unique update values view when where with',
};
const JSON_LIKE: Grammar = { comment: '#[^\\n]*', string: STRINGS, keywords: 'true false null yes no' };

const GRAMMARS: Readonly<Record<string, Grammar>> = Object.fromEntries(
  (
    [
      [
        C_LIKE,
        'javascript js jsx typescript ts tsx java c cpp c++ cs csharp go rust rs kotlin swift php dart scala css scss',
      ],
      [PYTHON, 'python py python3'],
      [SHELL, 'bash sh shell zsh console dockerfile makefile'],
      [SQL, 'sql sqlite postgresql mysql'],
      [JSON_LIKE, 'json jsonc yaml yml toml ini'],
    ] as const
  ).flatMap(([grammar, names]) => names.split(' ').map((name) => [name, grammar] as const)),
);

const patterns = new Map<Grammar, RegExp>();

function patternOf(grammar: Grammar): RegExp {
  const known = patterns.get(grammar);
  if (known !== undefined) return known;
  const keyword = String.raw`(?<![\w$.])(?:${grammar.keywords.replaceAll(' ', '|')})(?![\w$])`;
  const flags = grammar === SQL ? 'gi' : 'g';
  const made = new RegExp(`(${grammar.comment})|(${grammar.string})|(${NUMBERS})|(${keyword})`, flags);
  patterns.set(grammar, made);
  return made;
}

/** Splits code into spans to colour; their texts together are the code. Knows the usual languages by their names. */
export function highlight(code: string, language: string): readonly CodeSpan[] {
  const grammar = Object.hasOwn(GRAMMARS, language) ? GRAMMARS[language] : undefined;
  if (grammar === undefined || code.length > MAX_CHARS) return [{ kind: 'plain', text: code }];
  const spans: CodeSpan[] = [];
  let end = 0;
  for (const match of code.matchAll(patternOf(grammar))) {
    const [text, comment, string, number] = match;
    if (text === '') continue;
    if (match.index > end) spans.push({ kind: 'plain', text: code.slice(end, match.index) });
    end = match.index + text.length;
    spans.push({ kind: kindOf(comment, string, number), text });
  }
  return end < code.length ? [...spans, { kind: 'plain', text: code.slice(end) }] : spans;
}

function kindOf(comment?: string, string?: string, number?: string): CodeSpan['kind'] {
  if (comment !== undefined) return 'comment';
  if (string !== undefined) return 'string';
  return number === undefined ? 'keyword' : 'number';
}
