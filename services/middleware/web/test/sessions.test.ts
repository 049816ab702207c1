import { expect, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { describeInBrowser, lastAnswer, picture, send, usePages } from './browser.ts';
import { type Backend, begun, says } from './fake-backend.ts';
import { plotPng } from './plot-png.ts';
import { executed } from './results.ts';

const WAVE = { path: 'wave.png', mime_type: 'image/png', size_bytes: 2_048, data: plotPng() };

const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

function keepSome({ state }: Backend): void {
  state.sessions.set('old', {
    title: 'A recipe for bread',
    updated_at: hoursAgo(50),
    messages: [
      { role: 'user', content: 'How do I bake bread?' },
      { role: 'assistant', content: 'With flour and time.' },
    ],
  });
  state.sessions.set('new', {
    title: 'A plot of a wave',
    updated_at: hoursAgo(1),
    messages: [
      { role: 'user', content: 'Draw a wave' },
      {
        role: 'assistant',
        content: 'Here it is.',
        tool_calls: [
          {
            id: 'c1',
            name: 'execute_code',
            arguments: { code: 'plt.plot(wave)' },
            status: 'ok',
            result: { ...executed({ artifacts: [WAVE] }), duration_ms: undefined },
            duration_ms: 210,
          },
        ],
        provider: 'openai',
        model: 'gpt-5-mini',
        usage: { input_tokens: 5, output_tokens: 6, total_tokens: 11 },
      },
    ],
  });
}

describeInBrowser('kept chats', () => {
  const { start, openPage } = usePages();

  test('are listed, the latest first, and found by their titles', async () => {
    const { page } = await start(keepSome);
    const titles = page.locator('.session-title');
    await titles.first().waitFor();
    expect(await titles.allInnerTexts()).toEqual(['A plot of a wave', 'A recipe for bread']);
    expect(await page.locator('.session small').allInnerTexts()).toEqual(['1 h ago', '2 days ago']);
    await page.getByRole('searchbox', { name: 'Search chats' }).fill('BREAD');
    expect(await titles.allInnerTexts()).toEqual(['A recipe for bread']);
    await page.getByRole('searchbox', { name: 'Search chats' }).fill('cheese');
    await page.getByText('No chat title matches “cheese”.').waitFor();
  });

  test('open with their answers, calls and pictures, under an address of their own', async () => {
    const { page } = await start(keepSome);
    await page
      .getByRole('button', { name: /A plot of a wave/ })
      .first()
      .click();
    await lastAnswer(page).getByText('Here it is.').waitFor();
    await page.getByRole('img', { name: 'Image wave.png' }).waitFor();
    expect(await page.getByLabel('Tool execute_code: Done').innerText()).toContain('210 ms');
    expect(await lastAnswer(page).innerText()).toMatch(/gpt-5-mini\s*11 tokens/);
    expect(new URL(page.url()).hash).toBe('#/c/new');
    expect(await page.title()).toBe('A plot of a wave · Toolmesh');
    await page
      .getByRole('button', { name: /A recipe for bread/ })
      .first()
      .click();
    await page.getByText('With flour and time.').waitFor();
    await page.goBack();
    await page.getByText('Here it is.').waitFor();
  });

  test('are still there after a reload, and go on where they were', async () => {
    const { page, backend } = await start((own) => own.plays(says('Paris.'), says('Yes.')));
    await send(page, 'Capital of France?');
    await lastAnswer(page).getByText('1,234 tokens').waitFor();
    const id = backend.asked('/chat')[0]?.body.session_id;
    expect(new URL(page.url()).hash).toBe(`#/c/${id}`);
    backend.state.sessions.set(id, {
      title: 'Capital of France?',
      updated_at: hoursAgo(0),
      messages: [
        { role: 'user', content: 'Capital of France?' },
        { role: 'assistant', content: 'Paris.' },
      ],
    });
    await page.reload();
    await lastAnswer(page).getByText('Paris.').waitFor();
    await picture(page, 'reload');
    await send(page, 'Sure?');
    await lastAnswer(page).getByText('Yes.').waitFor();
    expect(backend.asked('/chat')[1]?.body).toEqual({ session_id: id, message: 'Sure?', stream: true });
  });

  test('are deleted for good, once that is confirmed', async () => {
    const { page, backend } = await start(keepSome);
    await page
      .getByRole('button', { name: /A recipe for bread/ })
      .first()
      .click();
    await page.getByText('With flour and time.').waitFor();
    await page.getByRole('button', { name: 'Delete “A recipe for bread”' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Delete “A recipe for bread”' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'New chat' }).waitFor();
    expect([...backend.state.sessions.keys()]).toEqual(['new']);
    expect(await page.locator('.session-title').allInnerTexts()).toEqual(['A plot of a wave']);
  });

  test.each([
    ['Markdown', 'markdown', 'md'],
    ['JSON', 'json', 'json'],
  ])('are exported as %s', async (name, format, ending) => {
    const { page, backend } = await start(keepSome);
    await page
      .getByRole('button', { name: /A recipe for bread/ })
      .first()
      .click();
    await page.getByText('With flour and time.').waitFor();
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: `Export as ${name}` }).click();
    expect((await saved).suggestedFilename()).toBe(`chat-old.${ending}`);
    expect(backend.asked(`/sessions/old/export?format=${format}`).length).toBe(1);
  });

  test('that are not there say so, and can be begun anew', async () => {
    const { backend, page: first } = await start((own) => own.plays(says('Hello.')));
    expect(await first.getByRole('heading', { name: 'What would you like to find out?' }).isVisible()).toBe(true);
    const page = await openPage(backend, {}, '#/c/gone');
    await page.getByText('This chat was not found.').waitFor();
    await send(page, 'Hi');
    await lastAnswer(page).getByText('Hello.').waitFor();
    expect(backend.asked('/chat')[0]?.body).toMatchObject({ session_id: 'gone', message: 'Hi' });
  });

  test('go on in the background while another is looked at', async () => {
    const over = Promise.withResolvers<void>();
    const { page } = await start((own) => {
      keepSome(own);
      own.plays(async ({ send: emit, write }) => {
        emit(...begun(), { type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: 'Slow' });
        await over.promise;
        emit({ type: 'text-delta', id: 't', delta: ' but sure.' }, { type: 'finish', finishReason: 'stop' });
        write('data: [DONE]\n\n');
      });
    });
    await send(page, 'Take your time');
    await lastAnswer(page).getByText('Slow').waitFor();
    await page
      .getByRole('button', { name: /A recipe for bread/ })
      .first()
      .click();
    await page.getByText('With flour and time.').waitFor();
    await page.goBack();
    await lastAnswer(page).getByText('Slow').waitFor();
    over.resolve();
    await lastAnswer(page).getByText('Slow but sure.').waitFor();
    expect(await page.getByRole('article').count()).toBe(2);
  });

  test('are not needed: a server that keeps none is sent the whole conversation', async () => {
    const { page, backend } = await start((own) => {
      own.state.keepsSessions = false;
      own.plays(says('Paris.'), says('Yes.'));
    });
    await page.getByText('Chats are not saved on this server and are lost when you close the page.').waitFor();
    await send(page, 'Capital of France?');
    await lastAnswer(page).getByText('Paris.').waitFor();
    await until(async () => (await page.getByRole('button', { name: 'Send' }).count()) === 1);
    await send(page, 'Sure?');
    await lastAnswer(page).getByText('Yes.').waitFor();
    expect(backend.asked('/chat')[1]?.body.messages).toEqual([
      { role: 'user', content: 'Capital of France?' },
      { role: 'assistant', content: 'Paris.' },
      { role: 'user', content: 'Sure?' },
    ]);
  });
});
