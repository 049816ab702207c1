import { expect, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { describeInBrowser, lastAnswer, picture, send, usePages } from './browser.ts';
import { begun, ended, said, says } from './fake-backend.ts';
import { called, executed } from './results.ts';

const ANSWER = `## What is known

The **mesh** brings tools together. Each call is *checked*, see [the protocol](https://modelcontextprotocol.io/).

1. A model chooses a tool.
2. The hub calls it:

\`\`\`python
import math

def area(radius: float) -> float:
    """The area of a circle."""
    return math.pi * radius ** 2  # in the unit's square
\`\`\`

| tool | calls | p50 |
|---|---:|---:|
| execute_code | 120 | 8.4 ms |
| get_current_time | 80 | 0.9 ms |

> Nothing that a tool returns is an instruction.
`;

describeInBrowser('a chat', () => {
  const { start } = usePages();

  test('shows an answer as it is written, with its model, its tokens and its time', async () => {
    const written = Promise.withResolvers<void>();
    const { page, backend } = await start(({ plays }) =>
      plays(async ({ send: emit, write }) => {
        emit(...begun(), { type: 'text-start', id: 't1' }, { type: 'text-delta', id: 't1', delta: 'The **first' });
        await written.promise;
        emit({ type: 'text-delta', id: 't1', delta: '** words.' }, { type: 'text-end', id: 't1' }, ...ended());
        write('data: [DONE]\n\n');
      }),
    );
    await send(page, 'What is known?');
    await lastAnswer(page).locator('strong', { hasText: 'first' }).waitFor();
    expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(true);
    await page.locator('.session-title', { hasText: 'What is known?' }).waitFor();
    await picture(page, 'stream');
    written.resolve();
    await lastAnswer(page).getByText('1,234 tokens').waitFor();
    expect(await lastAnswer(page).locator('.markdown').innerText()).toBe('The first words.');
    expect(await lastAnswer(page).innerText()).toMatch(/gpt-5-mini\s*1,234 tokens\s*[\d.]+ m?s/);
    expect(backend.asked('/chat')[0]?.body).toEqual({
      session_id: expect.stringMatching(/^[\w-]{1,64}$/),
      message: 'What is known?',
      stream: true,
    });
  });

  test('renders Markdown: headings, lists, tables, quotes, links and code that can be copied', async () => {
    const { page } = await start(({ plays }) => plays(says(ANSWER)));
    await send(page, 'Tell me about the mesh');
    const answer = lastAnswer(page);
    await answer.getByText('1,234 tokens').waitFor();
    expect(await answer.locator('h4').innerText()).toBe('What is known');
    expect(await answer.locator('td.align-right').allInnerTexts()).toEqual(['120', '8.4 ms', '80', '0.9 ms']);
    const link = answer.getByRole('link', { name: 'the protocol' });
    expect([await link.getAttribute('rel'), await link.getAttribute('target')]).toEqual([
      'noopener noreferrer',
      '_blank',
    ]);
    expect(await answer.locator('.code-keyword').allInnerTexts()).toEqual(['import', 'def', 'return']);
    await answer.getByRole('button', { name: 'Copy code' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^import math\n\ndef area.*square$/s);
    await picture(page, 'answer');
  });

  test('keeps what was drawn while more is written: nothing flickers', async () => {
    const more = Promise.withResolvers<void>();
    const { page } = await start(({ plays }) =>
      plays(async ({ send: emit }) => {
        emit(...begun(), { type: 'text-start', id: 't1' });
        emit({ type: 'text-delta', id: 't1', delta: 'The first block.\n\n```python\nprint(1)\n```\n\nThe second' });
        await more.promise;
        emit({ type: 'text-delta', id: 't1', delta: ' block.\n\nThe third block.' }, ...ended());
      }),
    );
    await send(page, 'Write');
    await lastAnswer(page).getByText('The second').waitFor();
    const drawn = await lastAnswer(page).locator('.markdown > *').elementHandles();
    more.resolve();
    await lastAnswer(page).getByText('The third block.').waitFor();
    for (const element of drawn) expect(await element.evaluate((node) => node.isConnected)).toBe(true);
  });

  test('stops at once: the run is cancelled, the stream closed, what came is kept', async () => {
    const closed = Promise.withResolvers<void>();
    const { page, backend } = await start(({ plays }) =>
      plays(async ({ send: emit, closed: gone }) => {
        emit(...begun('run_7'), ...said('Half of an answer'));
        emit({ type: 'tool-input-available', toolCallId: 'c1', toolName: 'execute_code', input: {}, dynamic: true });
        await gone;
        closed.resolve();
      }),
    );
    await send(page, 'Count to a million');
    await lastAnswer(page).getByText('Half of an answer').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await lastAnswer(page).getByText('Stopped. The partial answer is kept.').waitFor();
    await picture(page, 'stop');
    await closed.promise;
    await until(() => backend.asked('/runs/run_7/cancel').length === 1);
    expect(await page.getByLabel('Tool execute_code: Stopped').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Send' }).waitFor();
  });

  test('obeys the keyboard: Enter, Shift+Enter, Escape, arrow up, Ctrl+K', async () => {
    const { page, backend } = await start(({ plays }) =>
      plays(async ({ send: emit, closed }) => {
        emit(...begun('run_8'), ...said('Writing'));
        await closed;
      }, says('Edited.')),
    );
    const field = page.getByRole('textbox', { name: 'Message' });
    await field.pressSequentially('one');
    await page.keyboard.press('Shift+Enter');
    await field.pressSequentially('two');
    expect(await field.inputValue()).toBe('one\ntwo');
    await page.keyboard.press('Enter');
    await lastAnswer(page).getByText('Writing').waitFor();
    await page.keyboard.press('Escape');
    await lastAnswer(page).getByText('Stopped').waitFor();
    await until(() => backend.asked('/runs/run_8/cancel').length === 1);

    await field.focus();
    await page.keyboard.press('ArrowUp');
    const editor = page.getByRole('textbox', { name: 'Your message' });
    expect(await editor.inputValue()).toBe('one\ntwo');
    await editor.fill('three');
    await page.keyboard.press('Enter');
    await lastAnswer(page).getByText('Edited.').waitFor();

    await page.keyboard.press('Control+k');
    await page.getByRole('heading', { name: 'New chat' }).waitFor();
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test('edits a question and answers again, with the conversation up to there', async () => {
    const { page, backend } = await start(({ plays }) => plays(says('Paris.'), says('It is large.'), says('Berlin.')));
    await send(page, 'Capital of France?');
    await lastAnswer(page).getByText('Paris.').waitFor();
    await send(page, 'Is it large?');
    await lastAnswer(page).getByText('It is large.').waitFor();
    await page.getByRole('article', { name: 'You' }).first().hover();
    await page.getByRole('button', { name: 'Edit and ask again' }).first().click();
    await page.getByRole('textbox', { name: 'Your message' }).fill('Capital of Germany?');
    await page.getByRole('button', { name: 'Ask again', exact: true }).click();
    await lastAnswer(page).getByText('Berlin.').waitFor();
    expect(await page.getByRole('article').count()).toBe(2);
    const [first, second, third] = backend.asked('/chat').map(({ body }) => body);
    expect(second).toEqual({ session_id: first.session_id, message: 'Is it large?', stream: true });
    expect(third).toEqual({
      session_id: first.session_id,
      messages: [{ role: 'user', content: 'Capital of Germany?' }],
      stream: true,
    });
  });

  test('answers again on demand', async () => {
    const { page, backend } = await start(({ plays }) => plays(says('Heads.'), says('One.'), says('Two.')));
    await send(page, 'Toss a coin');
    await lastAnswer(page).getByText('Heads.').waitFor();
    await send(page, 'Roll a die');
    await lastAnswer(page).getByText('One.').waitFor();
    await page.getByRole('button', { name: 'Answer again' }).click();
    await lastAnswer(page).getByText('Two.').waitFor();
    expect(backend.asked('/chat')[2]?.body.messages).toEqual([
      { role: 'user', content: 'Toss a coin' },
      { role: 'assistant', content: 'Heads.' },
      { role: 'user', content: 'Roll a die' },
    ]);
  });

  test('keeps what tools gave when an earlier question is edited', async () => {
    const { page, backend } = await start(({ plays }) =>
      plays(
        ({ send: emit }) =>
          emit(
            ...begun(),
            ...called('c1', 'execute_code', { code: '6 * 7' }),
            { type: 'tool-output-available', toolCallId: 'c1', output: executed({ result: '42' }) },
            ...said('It is 42.'),
            ...ended(),
          ),
        says('Why not?'),
        says('Because.'),
      ),
    );
    await send(page, 'Six times seven');
    await lastAnswer(page).getByText('It is 42.').waitFor();
    await send(page, 'Why?');
    await lastAnswer(page).getByText('Why not?').waitFor();
    await page.getByRole('textbox', { name: 'Message' }).press('ArrowUp');
    await page.getByRole('textbox', { name: 'Your message' }).fill('Why so?');
    await page.keyboard.press('Enter');
    await lastAnswer(page).getByText('Because.').waitFor();
    expect(backend.asked('/chat')[2]?.body.messages).toEqual([
      { role: 'user', content: 'Six times seven' },
      {
        role: 'assistant',
        parts: [
          {
            type: 'dynamic-tool',
            toolCallId: 'c1',
            toolName: 'execute_code',
            input: { code: '6 * 7' },
            state: 'output-available',
            output: executed({ result: '42' }),
          },
          { type: 'text', text: 'It is 42.' },
        ],
      },
      { role: 'user', content: 'Why so?' },
    ]);
  });

  test('goes on with an answer that ended early', async () => {
    const { page, backend } = await start(({ plays }) =>
      plays(({ send: emit }) => emit(...begun(), ...said('One, two'), ...ended('length')), says('three.')),
    );
    await send(page, 'Count');
    await lastAnswer(page).getByText('The answer reached the maximum length.').waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await lastAnswer(page).getByText('three.').waitFor();
    expect(backend.asked('/chat')[1]?.body.message).toBe('Please continue.');
  });

  test('shows what the model thought on demand, and its notices', async () => {
    const { page } = await start(({ plays }) =>
      plays(({ send: emit }) =>
        emit(
          ...begun(),
          { type: 'data-notice', data: { code: 'fallback', message: 'ollama did not answer; openai does.' } },
          { type: 'reasoning-start', id: 'r1' },
          { type: 'reasoning-delta', id: 'r1', delta: 'It is a sum.' },
          { type: 'reasoning-end', id: 'r1' },
          ...said('Four.'),
          ...ended(),
        ),
      ),
    );
    await send(page, 'Two and two?');
    await lastAnswer(page).getByText('Four.').waitFor();
    expect(await page.getByText('ollama did not answer; openai does.').isVisible()).toBe(true);
    expect(await page.getByText('It is a sum.').isVisible()).toBe(false);
    await page.getByText('Thought').click();
    expect(await page.getByText('It is a sum.').isVisible()).toBe(true);
  });

  test('follows what is written as long as its reader is at the end', async () => {
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `Line ${from + index}.\n\n`).join('');
    const more = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    const { page } = await start(({ plays }) =>
      plays(async ({ send: emit }) => {
        emit(...begun(), { type: 'text-start', id: 't1' }, { type: 'text-delta', id: 't1', delta: lines(0, 60) });
        await more.promise;
        emit({ type: 'text-delta', id: 't1', delta: lines(60, 90) });
        await rest.promise;
        emit({ type: 'text-delta', id: 't1', delta: lines(90, 120) }, ...ended());
      }),
    );
    const isAtEnd = () =>
      page
        .getByRole('region', { name: 'Conversation' })
        .evaluate((place) => place.scrollHeight - place.scrollTop - place.clientHeight < 5);
    await send(page, 'Write much');
    await page.getByText('Line 59.').waitFor();
    await until(isAtEnd);
    more.resolve();
    await page.getByText('Line 89.').waitFor();
    await until(isAtEnd);
    await page.getByRole('region', { name: 'Conversation' }).evaluate((place) => place.scrollTo(0, 100));
    await page.getByRole('button', { name: 'Latest' }).waitFor();
    rest.resolve();
    await page.getByText('Line 119.').waitFor();
    expect(await isAtEnd()).toBe(false);
    await page.getByRole('button', { name: 'Latest' }).click();
    await until(isAtEnd);
  });

  test('tells a screen reader in whole sentences', async () => {
    const { page } = await start(({ plays }) =>
      plays(async ({ send: emit, closed }) => {
        emit(...begun(), { type: 'text-start', id: 't1' });
        emit({ type: 'text-delta', id: 't1', delta: 'The **first** sentence. The second is not' });
        await closed;
      }),
    );
    await send(page, 'Speak');
    const live = page.locator('[aria-live=polite]');
    await live.getByText('The first sentence.', { exact: true }).waitFor({ state: 'attached' });
    expect(await live.innerText()).not.toContain('The second');
    await page.getByRole('button', { name: 'Stop' }).click();
    await live.getByText('The second is not', { exact: true }).waitFor({ state: 'attached' });
  });
});
