import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { Temporal } from 'temporal-polyfill';
import { convertTime } from '../src/convert-time.ts';
import { currentTime } from '../src/current-time.ts';
import { listTimezones } from '../src/list-timezones.ts';
import { timeClient } from '../src/service.ts';

const now = () => Temporal.Instant.from('2026-11-20T12:00:00.123Z');
let service: Awaited<ReturnType<typeof serveTools>>;

beforeAll(async () => {
  service = await serveTools([currentTime(now), convertTime(), listTimezones(now)]);
});
afterAll(() => service.stop(0));

const call = (tool: string, args: object) => post(`${service.url}/tools/${tool}`, { arguments: args });

describe('get_current_time', () => {
  test('tells UTC with a Z by default', async () => {
    const { status, body } = await call('get_current_time', {});
    expect(status).toBe(200);
    expect(body).toMatchObject({
      tool: 'get_current_time',
      is_error: false,
      structured_content: {
        time: '2026-11-20T12:00:00.123Z',
        timezone: 'UTC',
        utc_offset: '+00:00',
        unix_ms: Date.parse('2026-11-20T12:00:00.123Z'),
      },
    });
    expect(JSON.parse(body.content[0].text)).toEqual(body.structured_content);
  });

  test.each([
    ['Asia/Tokyo', '2026-11-20T21:00:00.123+09:00', '+09:00'],
    ['Asia/Kolkata', '2026-11-20T17:30:00.123+05:30', '+05:30'],
    ['America/New_York', '2026-11-20T07:00:00.123-05:00', '-05:00'],
    ['Europe/London', '2026-11-20T12:00:00.123+00:00', '+00:00'],
  ])('tells the time in %s with its offset', async (timezone, time, utc_offset) => {
    const { body } = await call('get_current_time', { timezone });
    expect(body.structured_content).toMatchObject({ time, timezone, utc_offset });
  });

  test('takes a zone in any case and gives it back as it is written', async () => {
    const { body } = await call('get_current_time', { timezone: 'america/new_york' });
    expect(body.structured_content.timezone).toBe('America/New_York');
  });

  test.each([
    ['unix', '1795176000'],
    ['human', 'Friday, 20 November 2026 at 12:00:00 UTC'],
  ])('writes it as %s', async (format, time) => {
    const { body } = await call('get_current_time', { format });
    expect(body.structured_content.time).toBe(time);
  });

  test.each(['Mars/Olympus', 'Tokio', '+02:00', ''])('refuses the zone "%s", naming the field', async (timezone) => {
    const { status, body } = await call('get_current_time', { timezone });
    expect(status).toBe(422);
    expect(body.error).toMatchObject({
      code: 'invalid_arguments',
      details: [{ path: 'timezone', message: expect.stringContaining('not an IANA time zone') }],
    });
  });

  test('suggests the zone that was meant', async () => {
    const { body } = await call('get_current_time', { timezone: 'Tokio' });
    expect(body.error.message).toContain('Asia/Tokyo');
  });

  test('refuses an argument that it does not know, by name', async () => {
    const { status, body } = await call('get_current_time', { tz: 'UTC' });
    expect(status).toBe(422);
    expect(body.error.details).toEqual([{ path: 'tz', message: 'is not known here' }]);
  });
});

describe('convert_time', () => {
  test('reads a time without an offset in the zone it comes from', async () => {
    const { body } = await call('convert_time', {
      time: '2026-07-01T09:30',
      from_timezone: 'Europe/Berlin',
      to_timezone: 'America/New_York',
    });
    expect(body.structured_content).toMatchObject({
      time: '2026-07-01T03:30:00.000-04:00',
      timezone: 'America/New_York',
    });
  });

  test('believes an offset rather than the zone it comes from', async () => {
    const { body } = await call('convert_time', {
      time: '2026-07-01T09:30:00+09:00',
      from_timezone: 'Europe/Berlin',
      to_timezone: 'UTC',
    });
    expect(body.structured_content.time).toBe('2026-07-01T00:30:00.000Z');
  });

  test('moves a time that the clock skipped in spring to the one after it', async () => {
    const { body } = await call('convert_time', {
      time: '2026-03-29T02:30',
      from_timezone: 'Europe/Berlin',
      to_timezone: 'Europe/Berlin',
    });
    expect(body.structured_content.time).toBe('2026-03-29T03:30:00.000+02:00');
  });

  test.each(['yesterday', '2026-13-01T00:00', '25:00', '2026-11-20T12:00:00+99:00'])(
    'refuses "%s" as a time',
    async (time) => {
      const { status, body } = await call('convert_time', { time, to_timezone: 'UTC' });
      expect(status).toBe(422);
      expect(body.error.details).toEqual([{ path: 'time', message: expect.stringContaining('ISO 8601') }]);
    },
  );
});

describe('list_timezones', () => {
  test('lists every zone with its offset', async () => {
    const { body } = await call('list_timezones', {});
    const { timezones } = body.structured_content;
    expect(timezones.length).toBeGreaterThan(400);
    expect(timezones).toContainEqual({ name: 'Europe/Berlin', utc_offset: '+01:00' });
    expect(timezones).toContainEqual({ name: 'UTC', utc_offset: '+00:00' });
  });

  test('finds a zone by words, as people write them', async () => {
    const { body } = await call('list_timezones', { filter: 'New York' });
    expect(body.structured_content.timezones).toEqual([{ name: 'America/New_York', utc_offset: '-05:00' }]);
  });
});

describe('the service', () => {
  test('serves its three tools by the clock of this machine', async () => {
    const running = await serveInProcess(timeClient);
    const { body } = await request(`${running.url}/tools`);
    expect(body.tools.map(({ name }: { name: string }) => name).sort()).toEqual([
      'convert_time',
      'get_current_time',
      'list_timezones',
    ]);
    const before = Date.now();
    const told = await post(`${running.url}/tools/get_current_time`, {});
    expect(told.body.structured_content.unix_ms).toBeGreaterThanOrEqual(before);
    expect(running.log.map(({ message }) => message)).toContain('listening');
    await running.stop();
  });
});
