import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { tellTime, Zone, ZonedTime } from './zone.ts';

/** `now` is a parameter so that tests can stop the clock. */
export const currentTime = (now: () => Temporal.Instant = Temporal.Now.instant) =>
  defineTool({
    name: 'get_current_time',
    title: 'Current time',
    description: 'The current date and time, in UTC or in a given IANA time zone.',
    input: z.object({
      timezone: Zone.prefault('UTC').describe('IANA time zone, such as Europe/Berlin'),
      format: z.enum(['iso', 'human', 'unix']).default('iso').describe('How to write the time'),
    }),
    output: ZonedTime,
    annotations: { readOnlyHint: true, openWorldHint: false },
    run: ({ timezone, format }) => tellTime(now(), timezone, format),
  });
