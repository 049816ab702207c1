import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { tellTime, Zone, ZonedTime } from './zone.ts';

export const convertTime = () =>
  defineTool({
    name: 'convert_time',
    title: 'Convert a time between zones',
    description:
      'Tells what a date and time in one time zone is in another. A time with an offset (Z, +02:00) says itself where ' +
      'it is meant; one without is read in from_timezone, UTC by default.',
    input: z.object({
      time: z.string().max(64).describe('ISO 8601 date and time, such as 2026-11-20T09:30 or 2026-11-20T09:30:00Z'),
      from_timezone: Zone.prefault('UTC').describe('IANA time zone of a time without an offset'),
      to_timezone: Zone.describe('IANA time zone to tell the time in'),
    }),
    output: ZonedTime,
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    run: ({ time, from_timezone, to_timezone }) => tellTime(parseTime(time, from_timezone), to_timezone),
  });

function parseTime(time: string, zone: string): Temporal.Instant {
  try {
    return /(Z|[+-]\d{2}(:?\d{2})?)$/i.test(timePart(time))
      ? Temporal.Instant.from(time)
      : Temporal.PlainDateTime.from(time).toZonedDateTime(zone).toInstant();
  } catch (cause) {
    const message = 'not an ISO 8601 date and time, such as 2026-11-20T09:30 or 2026-11-20T09:30:00Z';
    const details = [{ path: 'time', message }];
    throw new MeshError('invalid_arguments', `Arguments of convert_time: time: ${message}`, { details, cause });
  }
}

/** Returns the part after the date: in `2026-11-20` the `-20` is no offset. */
const timePart = (time: string): string => time.split(/[T ]/i)[1] ?? '';
