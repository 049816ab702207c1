import type { Intent, Reading } from './intent.ts';

const ASKS_FOR_ZONES = /\btime ?zones?\b/i;
const ASKS_TO_LIST = /\b(?:list|which|what|show|give|name)\b/i;
/** Two words of one sentence that ask for the time, in this order: "what ... time", "time ... in". */
const QUESTIONS: readonly (readonly [RegExp, RegExp])[] = [
  [/\b(?:what|what's|whats|tell|show|give|get|say|know|current|now)\b/i, /\b(?:time|date|day|clock)\b/i],
  [/\b(?:time|date)\b/i, /\b(?:now|is it|in)\b/i],
];
const BARE_QUESTION = /(?:^|\band\b)\s*(?:the\s+)?(?:current\s+)?(?:time|date)\b/i;
/** A date with a time, or a time alone: 09:30, 9:30 pm, 5pm. */
const MOMENT =
  /\b(\d{4}-\d{2}-\d{2})[T ](\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)(Z|[+-]\d{2}:?\d{2})?|\b(\d{1,2})(?::(\d{2})\s*(am|pm)?|\s*(am|pm))\b/i;

const PLACE = String.raw`[A-Za-z][A-Za-z_/+-]*(?:\s+[A-Z][A-Za-z_/-]*)*`;
const FROM = new RegExp(String.raw`\bfrom\s+(${PLACE})`);
const TO = new RegExp(String.raw`\b(?:to|in|into)\s+(${PLACE})`);

const ZONES = Intl.supportedValuesOf('timeZone');
const ZONE_BY_NAME = new Map([
  ...ZONES.map((zone) => [zone.slice(zone.lastIndexOf('/') + 1).toLowerCase(), zone] as const),
  ...ZONES.map((zone) => [zone.toLowerCase(), zone] as const),
  ['utc', 'UTC'] as const,
  ['gmt', 'UTC'] as const,
]);

/** Finds questions about the time. `today` dates a time of day that comes without a date. */
export function readTime(text: string, today: () => string): Reading {
  if (ASKS_FOR_ZONES.test(text) && ASKS_TO_LIST.test(text)) {
    const filter = filterIn(text);
    return { intents: [{ tool: 'list_timezones', arguments: filter === undefined ? {} : { filter } }], rest: '' };
  }
  const conversion = readConversion(text, today);
  if (conversion !== undefined) return { intents: [conversion], rest: '' };
  if (!asksForTime(text)) return { intents: [], rest: text };

  const format = /\bunix\b|\btimestamp\b|\bepoch\b/i.test(text) ? { format: 'unix' } : {};
  const places = placesIn(text);
  const timezones = places.length === 0 ? ['UTC'] : places.map(zoneOf);
  const intents = timezones.map((timezone) => ({ tool: 'get_current_time', arguments: { timezone, ...format } }));
  return { intents, rest: text.replace(/\d{1,2}:\d{2}/g, ' ') };
}

function asksForTime(text: string): boolean {
  if (BARE_QUESTION.test(text)) return true;
  return text.split(/[.?!]/).some((sentence) => QUESTIONS.some(([first, second]) => hasBoth(sentence, first, second)));
}

function hasBoth(sentence: string, first: RegExp, second: RegExp): boolean {
  const found = first.exec(sentence);
  return found !== null && second.test(sentence.slice(found.index + found[0].length));
}

const FILTERED = /\b(?:in|of|for|with|like|containing) (?:the )?/i;
const FILTERED_QUOTE = /\b(?:in|of|for|with|like|containing) (?:the )?["']$/i;

/** Returns the name at the end of "list the time zones in europe". */
function filterIn(text: string): string | undefined {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const sentence = line
    .replace(/[.?!]$/, '')
    .trimEnd()
    .replace(/["']$/, '');
  const start = startOfName(sentence);
  const name = sentence.slice(start);
  if (FILTERED_QUOTE.test(sentence.slice(0, start))) return name.trim() || undefined;
  const marker = FILTERED.exec(name);
  return marker === null ? undefined : name.slice(marker.index + marker[0].length).trim() || undefined;
}

/** Returns where the letters, slashes and blanks at the end of a sentence begin. */
function startOfName(sentence: string): number {
  let start = sentence.length;
  while (start > 0 && /[A-Za-z_/ ]/.test(sentence[start - 1] ?? '')) start -= 1;
  return start;
}

function readConversion(text: string, today: () => string): Intent | undefined {
  const moment = MOMENT.exec(text);
  const to = TO.exec(text)?.[1];
  if (moment === null || to === undefined) return undefined;
  const from = FROM.exec(text)?.[1];
  const [, date, time = '', offset = '', hour, minute, half, bareHalf] = moment;
  const at =
    date === undefined
      ? `${today()}T${clock(hour, minute, half ?? bareHalf)}`
      : `${date}T${/^\d:/.test(time) ? '0' : ''}${time}${offset}`;
  return {
    tool: 'convert_time',
    arguments: { time: at, ...(from === undefined ? {} : { from_timezone: zoneOf(from) }), to_timezone: zoneOf(to) },
  };
}

function clock(hour = '0', minute = '00', half = ''): string {
  const hours = half === '' ? Number(hour) : (Number(hour) % 12) + (/pm/i.test(half) ? 12 : 0);
  return `${String(hours).padStart(2, '0')}:${minute}`;
}

const PLACES_FOLLOW = /\b(?:in|for|at)\s(?=[A-Za-z])/;
/** Names, and what stands between two of them; lines are joined only where the list goes on. */
const PLACES = /(?:[A-Za-z_/+ -]|,\s(?=[A-Za-z])|\n(?=(?:and|or)\s[A-Za-z])|(?<=\s(?:and|or))\n(?=[A-Za-z]))+/y;

/** The places of "in Tokyo, New York and Berlin", as they are written. */
function placesIn(text: string): readonly string[] {
  const line = text.replaceAll(/\s+/g, (blanks) => (blanks.includes('\n') ? '\n' : ' '));
  const before = PLACES_FOLLOW.exec(line);
  if (before === null) return [];
  PLACES.lastIndex = before.index + before[0].length;
  const list = PLACES.exec(line)?.[0] ?? '';
  return list
    .split(/,\s?(?:and\s|or\s)?|\s(?:and|or)\s/)
    .map((place) => place.replace(/^(?:in|for|at|the)\s|\s(?:now|right now|today|please|time|format)$/gi, '').trim())
    .filter((place) => place !== '' && !/^(?:tell|run|execute|what|show|human|unix|iso)\b/i.test(place));
}

/** Returns the time zone of a place. One that is unknown is passed on as it is: the tool reports the error. */
function zoneOf(place: string): string {
  const words = place.trim().replace(/^the\s+/i, '');
  return ZONE_BY_NAME.get(words.toLowerCase().replaceAll(' ', '_')) ?? words;
}
