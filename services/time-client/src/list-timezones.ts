import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { ZONES } from './zone.ts';

export const listTimezones = (now: () => Temporal.Instant = Temporal.Now.instant) =>
  defineTool({
    name: 'list_timezones',
    title: 'List time zones',
    description: 'The IANA time zones and their present offsets from UTC, all of them or those whose name has a text.',
    input: z.object({
      filter: z.string().max(64).optional().describe('Part of a name, such as europe or new york'),
    }),
    output: z.object({ timezones: z.array(z.object({ name: z.string(), utc_offset: z.string() })) }),
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    run: ({ filter = '' }) => {
      const wanted = filter.trim().toLowerCase().replaceAll(' ', '_');
      const moment = now();
      const timezones = ZONES.filter((name) => name.toLowerCase().includes(wanted)).map((name) => ({
        name,
        utc_offset: moment.toZonedDateTimeISO(name).offset,
      }));
      return { timezones };
    },
  });
