import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { onSmallDisk } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { openStream } from '../fakes/read-stream.ts';
import { dataFolder, startMiddleware, startMiddlewareProcess } from '../fakes/start-middleware.ts';

/** Text of 8 KB that no two calls share. */
const longText = (mark: string): string => Array.from({ length: 500 }, (_, i) => `${mark}-${i}-filling`).join(' ');

describe('a full disk', () => {
  test('is told in the answer, in /ready and in a metric, and is got out of by deleting', async () => {
    const directory = dataFolder();
    const { url } = await startMiddlewareProcess({ CHAT_DATA_DIR: directory }, onSmallDisk(directory, 600));
    const chat = (id: string) => post(`${url}/chat`, { message: longText(id), session_id: id });
    const ready = async () => (await request(`${url}/ready`)).body;

    expect((await ready()).checks.sessions).toEqual({ status: 'ok' });
    expect((await chat('first')).body).not.toHaveProperty('notices');
    let answer = await chat('s0');
    for (let i = 1; i < 200 && answer.body.notices === undefined; i += 1) answer = await chat(`s${i}`);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        response: expect.any(String),
        notices: [
          { code: 'not_kept', message: expect.stringMatching(/could not be kept: the disk of CHAT_DATA_DIR is full/) },
        ],
      },
    });
    expect(await ready()).toMatchObject({
      checks: {
        sessions: { status: 'degraded', detail: expect.stringMatching(/not kept: the disk of CHAT_DATA_DIR is full/) },
      },
    });
    const stream = await openStream(`${url}/chat`, { message: longText('streamed'), stream: true });
    expect((await stream.until('data-notice')).data.code).toBe('not_kept');
    await stream.rest();
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^chat_store_failures_total [1-9]/m);
    // Half of a conversation is no conversation.
    const { sessions } = (await request(`${url}/sessions`)).body;
    expect(sessions.every(({ title }: { title: string }) => title !== '')).toBe(true);

    for (const { id } of sessions.slice(0, 12)) {
      expect((await request(`${url}/sessions/${id}`, { method: 'DELETE' })).status).toBe(204);
    }
    expect((await chat('after')).body).not.toHaveProperty('notices');
    expect((await ready()).checks.sessions).toEqual({ status: 'ok' });
    expect((await request(`${url}/sessions/after`)).body.messages).toHaveLength(2);
  });
});

describe('what was deleted', () => {
  const found = (directory: string, word: string): readonly string[] =>
    readdirSync(directory).filter((name) => readFileSync(join(directory, name)).includes(word));

  test('is in no file of the store any more, nor what was edited away', async () => {
    const directory = dataFolder();
    const { url } = await startMiddleware({ CHAT_DATA_DIR: directory });
    await post(`${url}/chat`, { message: `xyzzy ${longText('long')}`, session_id: 'a' });
    await post(`${url}/chat`, { message: `${'-'.repeat(200)} plugh`, session_id: 'b' });
    expect(found(directory, 'xyzzy')).not.toEqual([]);
    expect((await request(`${url}/sessions/a`, { method: 'DELETE' })).status).toBe(204);
    expect(found(directory, 'xyzzy')).toEqual([]);

    await post(`${url}/chat`, { messages: [{ role: 'user', content: 'hello' }], session_id: 'b' });
    await until(() => found(directory, 'plugh').length === 0);
    expect((await request(`${url}/sessions/b`)).body.messages).toHaveLength(2);
  });
});
