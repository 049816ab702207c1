/** A URI template (RFC 6570) of an upstream that URIs of clients can be matched with. */
export interface UriTemplate {
  /** Returns whether the template may have made this URI, in time that grows with its length alone. */
  matches(uri: string): boolean;
  /** The most passes over a URI that a match takes. */
  readonly passes: number;
}

/** Reads a template. Returns what is wrong with it, in words for an operator, for one that cannot be used. */
export function parseUriTemplate(text: string): UriTemplate | { readonly problem: string } {
  if (text.length > MAX_TEMPLATE_LENGTH) return { problem: `is longer than ${MAX_TEMPLATE_LENGTH} characters` };
  // One that may begin with anything would match the resources of everybody.
  if (!SCHEME.test(text)) return { problem: 'does not begin with a scheme, such as "notes:"' };
  const steps: Step[] = [];
  let expressions = 0;
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('{', at);
    const literal = text.slice(at, open === -1 ? undefined : open);
    if (literal !== '') steps.push(literalStep(literal));
    if (open === -1) break;
    const close = text.indexOf('}', open);
    const read = close === -1 ? undefined : expressionSteps(text.slice(open + 1, close));
    if (read === undefined) return { problem: 'is not a URI template of RFC 6570' };
    expressions += 1;
    if (expressions > MAX_EXPRESSIONS) return { problem: `has more than ${MAX_EXPRESSIONS} expressions` };
    steps.push(...read);
    at = close + 1;
  }
  return { matches: (uri) => matchSteps(steps, uri), passes: steps.length };
}

const MAX_TEMPLATE_LENGTH = 1_024;
const MAX_EXPRESSIONS = 8;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * A part of a template: it moves each place that the match may have reached in the URI on to where this part may end. All
 * of those places are kept at once, so that nothing is ever tried again.
 */
type Step = { readonly text: string; readonly borders: readonly number[] } | Gap;

/** Any characters but `stops`, at least one; `isOptional`: or nothing at all. */
interface Gap {
  readonly stops: readonly string[];
  readonly isOptional: boolean;
  /** The character that it begins with, before its others. */
  readonly first?: string;
}

const EXPRESSION = /^([+#./;?&]?)([A-Za-z0-9_.%*:,-]+)$/;

/** Returns the steps of what stands between braces; undefined for what RFC 6570 does not know. */
function expressionSteps(expression: string): readonly Step[] | undefined {
  const [, operator, names] = EXPRESSION.exec(expression) ?? [];
  if (operator === undefined || names === undefined) return undefined;
  // Servers that route by templates let a list take several segments of a path.
  const isList = names.includes('*');
  const isOne = !names.includes(',') && !isList;
  const segment: Gap = { stops: isOne ? ['/', ','] : ['/'], isOptional: false };
  const anything: Gap = { stops: [], isOptional: false };
  const optional: Gap = { stops: ['#'], isOptional: true, first: operator };
  if (operator === '') return [isList ? anything : segment];
  if (operator === '/') return [literalStep('/'), isOne ? segment : anything];
  if (operator === '.') return [literalStep('.'), segment];
  return ['+', '#'].includes(operator) ? [anything] : [optional];
}

/** Returns a literal with, for each beginning of it, the length of the longest border (Knuth, Morris and Pratt). */
function literalStep(text: string): Step {
  const borders = [0];
  for (let at = 1, length = 0; at < text.length; at += 1) {
    while (length > 0 && text[at] !== text[length]) length = borders[length - 1] ?? 0;
    if (text[at] === text[length]) length += 1;
    borders.push(length);
  }
  return { text, borders };
}

/** Places in a URI, one byte for each, its end included: 1 where the match may have got to. */
type Places = Uint8Array;

function matchSteps(steps: readonly Step[], uri: string): boolean {
  const [first] = steps;
  const last = steps.at(-1);
  if (first !== undefined && 'text' in first && !uri.startsWith(first.text)) return false;
  if (last !== undefined && 'text' in last && !uri.endsWith(last.text)) return false;
  let places: Places = new Uint8Array(uri.length + 1);
  places[0] = 1;
  for (const step of steps) places = 'text' in step ? afterLiteral(places, step, uri) : afterGap(places, step, uri);
  return places[uri.length] === 1;
}

function afterLiteral(from: Places, { text, borders }: Extract<Step, { text: string }>, uri: string): Places {
  const to = new Uint8Array(from.length);
  let length = 0;
  for (let at = 0; at < uri.length; at += 1) {
    while (length > 0 && (length === text.length || uri[at] !== text[length])) length = borders[length - 1] ?? 0;
    if (uri[at] === text[length]) length += 1;
    if (length === text.length && from[at + 1 - length] === 1) to[at + 1] = 1;
  }
  return to;
}

function afterGap(from: Places, { stops, isOptional, first }: Gap, uri: string): Places {
  const to = isOptional ? from.slice() : new Uint8Array(from.length);
  /** True while a gap that began at a place before may hold the next character. */
  let isOpen = false;
  for (let at = 0; at < uri.length; at += 1) {
    const character = uri[at] ?? '';
    if (stops.includes(character)) isOpen = false;
    else if (first === undefined) isOpen ||= from[at] === 1;
    else isOpen ||= from[at] === 1 && character === first;
    if (isOpen) to[at + 1] = 1;
  }
  return to;
}
