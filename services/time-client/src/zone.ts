import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';
import type { Temporal } from 'temporal-polyfill';
import { z } from 'zod';

/** Every zone that this machine knows, and UTC, which the list leaves out. */
export const ZONES: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')];

/** People name the city and forget the continent. */
const cityOf = (zone: string): string => zone.slice(zone.lastIndexOf('/') + 1);
const CITIES = new Map(ZONES.map((zone) => [cityOf(zone), zone]));

/** An IANA time zone in any case, given on as one writes it: `asia/tokyo` becomes `Asia/Tokyo`. */
export const Zone = z.string().transform((name, context) => {
  const known = canonicalZone(name);
  if (known !== undefined) return known;
  const near = nearestNames(cityOf(name), CITIES.keys(), { onlyNear: true }).map((city) => CITIES.get(city));
  const hint = near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`;
  context.addIssue({ code: 'custom', message: `not an IANA time zone, such as Europe/Berlin${hint}` });
  return z.NEVER;
});

/** Undefined when there is no such zone. Offsets such as `+02:00` are no zones. */
function canonicalZone(name: string): string | undefined {
  const listed = LISTED.get(name.toLowerCase());
  if (listed !== undefined || !/^[A-Za-z]/.test(name)) return listed;
  try {
    // Only to be asked for names that are not listed: it costs as much as all the rest of a call.
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    // Intl answers with an old name for some (Asia/Calcutta for Asia/Kolkata): the caller's is the better one.
    return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name;
  } catch {
    return undefined;
  }
}

const LISTED = new Map(ZONES.map((zone) => [zone.toLowerCase(), zone]));

/** The answer of both time tools. */
export const ZonedTime = z.object({
  time: z.string().describe('The time, in the format that was asked for'),
  timezone: z.string().describe('The IANA zone that it is given in'),
  utc_offset: z.string().describe('The zone’s offset from UTC at that time, such as +02:00'),
  unix_ms: z.number().describe('The same moment as milliseconds since 1970-01-01T00:00:00Z'),
});

export type TimeFormat = 'iso' | 'human' | 'unix';

/** Tells one moment in one zone. `unix` is whole seconds. */
export function tellTime(moment: Temporal.Instant, timezone: string, format: TimeFormat = 'iso') {
  const zoned = moment.toZonedDateTimeISO(timezone);
  return {
    time: formatTime(zoned, format),
    timezone,
    utc_offset: zoned.offset,
    unix_ms: zoned.epochMilliseconds,
  };
}

function formatTime(zoned: Temporal.ZonedDateTime, format: TimeFormat): string {
  if (format === 'unix') return String(Math.floor(zoned.epochMilliseconds / 1_000));
  if (format === 'human') return zoned.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' });
  if (zoned.timeZoneId === 'UTC') return zoned.toInstant().toString({ smallestUnit: 'millisecond' });
  return zoned.toString({ smallestUnit: 'millisecond', timeZoneName: 'never' });
}
