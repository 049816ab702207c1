import { expect, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { describeInBrowser, lastAnswer, picture, send, usePages } from './browser.ts';
import { type Backend, begun, ended, said, says } from './fake-backend.ts';
import { plotPng } from './plot-png.ts';
import { called, executed } from './results.ts';

const TOOLS = [
  {
    name: 'execute_code',
    description: 'Runs a program in a sandbox and gives back what it printed, its value and its files.',
    server: 'code-executor',
    status: 'up',
    annotations: { destructiveHint: true },
    input_schema: {
      type: 'object',
      required: ['code'],
      properties: {
        code: { type: 'string', description: 'The program' },
        language: { type: 'string', enum: ['python', 'javascript', 'typescript'], default: 'python' },
        packages: { type: 'array', items: { type: 'string' }, description: 'What the program imports' },
        timeout_ms: {
          type: 'integer',
          minimum: 100,
          maximum: 120_000,
          default: 30_000,
          description: 'In milliseconds',
        },
        files: { type: 'array', items: { type: 'object' } },
      },
    },
  },
  {
    name: 'get_current_time',
    description: 'Tells the time anywhere.',
    server: 'time-client',
    status: 'down',
    annotations: { readOnlyHint: true },
    input_schema: { type: 'object', properties: { timezone: { type: 'string', default: 'UTC' } } },
  },
];
const MODELS = [
  { id: 'toolmesh', object: 'model', owned_by: 'toolmesh' },
  { id: 'gpt-5-mini', object: 'model', owned_by: 'openai' },
  { id: 'ollama/qwen3', object: 'model', owned_by: 'ollama' },
  { id: 'demo', object: 'model', owned_by: 'demo' },
];
const DEMO = {
  status: 'degraded',
  services: {
    mcp_server: { status: 'unhealthy', detail: 'The MCP server does not answer' },
    llm: { status: 'healthy', provider: 'demo', reason: 'no OPENAI_API_KEY' },
  },
};

function playPlot({ plays }: Backend): void {
  const artifacts = [{ path: 'wave.png', mime_type: 'image/png', size_bytes: 2_048, data: plotPng() }];
  plays(({ send: emit }) =>
    emit(
      ...begun(),
      ...said('I will draw it.'),
      ...called('c1', 'execute_code', { code: 'import matplotlib.pyplot as plt\nplt.plot(wave)' }),
      { type: 'tool-output-available', toolCallId: 'c1', output: executed({ artifacts }) },
      ...said('A **damped wave**:\n\n```python\nplt.plot(wave)  # as asked\n```', 't2'),
      ...ended(),
    ),
  );
}

describeInBrowser('the page', () => {
  const { start } = usePages();

  test('greets with examples that can be tried at once', async () => {
    const { page, backend } = await start(({ plays }) => plays(says('Hello.')));
    await picture(page, 'welcome');
    await page.getByRole('button', { name: /Two tools at once/ }).click();
    await lastAnswer(page).getByText('Hello.').waitFor();
    expect(backend.asked('/chat')[0]?.body.message).toBe('Execute: print("Hello") and tell me the time');
  });

  test('says unmistakably when no language model answers, and why something does not work', async () => {
    const { page } = await start(({ plays, state }) => {
      state.health = DEMO;
      plays(({ send: emit }) =>
        emit(
          ...begun(),
          { type: 'data-provider', data: { provider: 'demo', model: 'demo' } },
          ...said('5'),
          ...ended(),
        ),
      );
    });
    await page.locator('.header').getByText('Demo – no language model').waitFor();
    expect(await page.getByRole('combobox', { name: 'Model' }).innerText()).toBe('Automatic (demo)');
    await send(page, '2 + 3');
    await lastAnswer(page).getByText('Demo – no language model').waitFor();
    await page.getByRole('button', { name: 'Connection: Partly working' }).click();
    await page.getByText('Tools: The MCP server does not answer').waitFor();
    await page.getByText('Model: demo – no OPENAI_API_KEY').waitFor();
    await picture(page, 'demo');
  });

  test('lets the model be chosen, and remembers it', async () => {
    const { page, backend } = await start(({ plays, state }) => {
      state.models = MODELS;
      plays(says('One.'), says('Two.'));
    });
    const picker = page.getByRole('combobox', { name: 'Model' });
    await until(async () => (await picker.locator('option').count()) === 4);
    expect(
      await picker.locator('optgroup').evaluateAll((all) => all.map((group) => group.getAttribute('label'))),
    ).toEqual(['OpenAI', 'Ollama', 'Demo (no language model)']);
    await picker.selectOption('qwen3');
    await send(page, 'Hi');
    await lastAnswer(page).getByText('One.').waitFor();
    await page.reload();
    await send(page, 'Hi again');
    await lastAnswer(page).getByText('Two.').waitFor();
    for (const { body } of backend.asked('/chat'))
      expect(body).toMatchObject({ provider: 'ollama', model: 'ollama/qwen3' });
    await picker.selectOption('demo');
    await page.locator('.header').getByText('Demo – no language model').waitFor();
  });

  test('tells failures in words with the next step, and tries again', async () => {
    const { page, backend } = await start(({ plays }) =>
      plays(
        ({ refuse }) => refuse(503, 'unavailable', 'No model can be reached: openai, ollama'),
        ({ refuse }) => refuse(429, 'rate_limited', 'Too many chats', { 'retry-after': '7' }),
        ({ send: emit, cut }) => {
          emit(...begun(), ...said('Half'));
          setTimeout(cut, 100);
        },
        ({ send: emit }) =>
          emit(
            ...begun(),
            { type: 'data-error', data: { code: 'upstream_timeout', message: 'The model did not answer' } },
            { type: 'error', errorText: 'The model did not answer' },
            ...ended('error'),
          ),
        says('At last.'),
      ),
    );
    const alert = lastAnswer(page).getByRole('alert');
    const retry = page.getByRole('button', { name: 'Try again' });
    await send(page, 'Hi');
    await alert.getByText('No model can be reached: openai, ollama. Try again in a moment').waitFor();
    await picture(page, 'failure');
    await retry.click();
    await alert.getByText('Too many chats. Wait 7 seconds, then try again.').waitFor();
    await retry.click();
    await alert.getByText('The connection ended before the answer was complete.').waitFor();
    expect(await lastAnswer(page).getByText('Half').isVisible()).toBe(true);
    await retry.click();
    await alert.getByText('The model did not answer. Try again, or choose another model above.').waitFor();
    await retry.click();
    await lastAnswer(page).getByText('At last.').waitFor();
    expect(
      backend
        .asked('/chat')
        .slice(1)
        .map(({ body }) => body.messages),
    ).toEqual(Array.from({ length: 4 }, () => [{ role: 'user', content: 'Hi' }]));
  });

  test('says when the server is gone, and finds it again', async () => {
    const { page, backend } = await start(({ plays }) => plays(says('Back.')));
    await page.getByRole('button', { name: 'Connection: Connected' }).waitFor();
    backend.state.isUp = false;
    await send(page, 'Hi');
    await page.getByText('The server cannot be reached. Check that Toolmesh is still running').waitFor();
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByRole('button', { name: 'Connection: Not connected' }).waitFor();
    backend.state.isUp = true;
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByRole('button', { name: 'Connection: Connected' }).waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await lastAnswer(page).getByText('Back.').waitFor();
    expect(backend.asked('/chat').length).toBe(1);
  });

  test('asks for the key of a server that has one, and keeps it in this tab only', async () => {
    const { page, backend } = await start(({ plays, state }) => {
      state.key = 'open-sesame';
      plays(({ send: emit, headers }) => emit(...begun(), ...said(`key: ${String(headers['x-api-key'])}`), ...ended()));
    });
    const dialog = page.getByRole('dialog', { name: 'This server requires a key' });
    await dialog.getByRole('textbox', { name: 'Key' }).fill('wrong');
    await page.keyboard.press('Enter');
    await until(async () => (await dialog.getByRole('textbox', { name: 'Key' }).inputValue()) === '');
    await dialog.getByRole('textbox', { name: 'Key' }).fill('open-sesame');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await send(page, 'Hi');
    await lastAnswer(page).getByText('key: open-sesame').waitFor();
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('sesame');
    await page.reload();
    await until(() => backend.asked('/sessions').length > 2);
    expect(await dialog.count()).toBe(0);
  });

  test('lists the tools by server, says how they are, and keeps one from the model', async () => {
    const { page, backend } = await start(({ plays, state }) => {
      state.tools = TOOLS;
      plays(says('Without.'));
    });
    await page.getByRole('button', { name: 'Tools', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Tools' });
    await panel.getByText('get_current_time').waitFor();
    expect(await panel.locator('h3').allInnerTexts()).toEqual(['code-executor', 'time-client']);
    expect(await panel.locator('.tag').allInnerTexts()).toEqual(['makes changes', 'offline']);
    await panel.getByRole('searchbox', { name: 'Search tools' }).fill('program');
    expect(await panel.locator('summary').count()).toBe(1);
    await panel.getByText('execute_code').click();
    await panel.getByRole('checkbox', { name: 'Available to the model' }).uncheck();
    await send(page, 'Run something');
    await lastAnswer(page).getByText('Without.').waitFor();
    expect(backend.asked('/chat')[0]?.body.tools).toEqual({ exclude: ['execute_code'] });
  });

  test('tries a tool out by a form of its schema', async () => {
    const { page, backend } = await start(({ state }) => {
      state.tools = TOOLS;
      state.execute = (_name, parameters) =>
        'packages' in Object(parameters)
          ? { status: 200, body: executed({ stdout: 'Hello\n', result: '3' }) }
          : { status: 422, body: { error: { code: 'invalid_arguments', message: 'packages: needed' } } };
    });
    await page.getByRole('button', { name: 'Tools', exact: true }).click();
    await page.getByText('execute_code').click();
    const form = page.getByRole('form', { name: 'Try execute_code' });
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    await form.getByText('code is required.').waitFor();
    await form.getByLabel('code').fill('print("Hello")\n1 + 2');
    await form.getByLabel('timeout_ms').fill('5');
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    await form.getByText('timeout_ms must be at least 100.').waitFor();
    await form.getByLabel('timeout_ms').fill('5000');
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    await form.getByText('packages: needed. Correct the arguments and run it again.').waitFor();
    await form.getByLabel('packages').fill('numpy\npandas==2.2\n');
    await form.getByLabel('language').selectOption('python');
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    const result = form.getByRole('group', { name: 'Result' });
    await result.getByText('Hello').waitFor();
    await picture(page, 'tool-panel');
    expect(backend.asked('/execute').at(-1)?.body).toEqual({
      name: 'execute_code',
      parameters: {
        code: 'print("Hello")\n1 + 2',
        language: 'python',
        packages: ['numpy', 'pandas==2.2'],
        timeout_ms: 5_000,
      },
    });
  });

  test('asks before a tool runs that needs permission, in the form too', async () => {
    const { page, backend } = await start(({ state }) => {
      state.tools = TOOLS;
      state.execute = (_name, _parameters, approval) =>
        approval === 'ap_1'
          ? { status: 200, body: { tool: 'x', is_error: false, content: [{ type: 'text', text: 'It ran.' }] } }
          : {
              status: 403,
              body: {
                error: { code: 'forbidden', message: 'It needs an approval', details: { approval: { id: 'ap_1' } } },
              },
            };
    });
    await page.getByRole('button', { name: 'Tools', exact: true }).click();
    await page.getByText('get_current_time').click();
    const form = page.getByRole('form', { name: 'Try get_current_time' });
    await form.getByRole('button', { name: 'Run', exact: true }).click();
    await form.getByText('get_current_time needs your approval. Nothing has run yet.').waitFor();
    await form.getByRole('button', { name: 'Allow and run' }).click();
    await form.getByText('It ran.').waitFor();
    expect(backend.asked('/execute').map(({ body }) => body.approval)).toEqual([undefined, 'ap_1']);
  });

  test('is dark where the system is, and as the user says', async () => {
    const { page } = await start(
      (backend) => {
        backend.state.models = MODELS;
        backend.state.sessions.set('s', { title: 'Draw a wave', updated_at: new Date().toISOString(), messages: [] });
        playPlot(backend);
      },
      { colorScheme: 'dark' },
    );
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await ground()).toBe('rgb(23, 23, 21)');
    await send(page, 'Draw a damped wave');
    await lastAnswer(page).getByText('damped wave').waitFor();
    await picture(page, 'dark');
    await page.getByRole('button', { name: 'Theme: system' }).click();
    await page.getByRole('button', { name: 'Theme: light' }).waitFor();
    expect(await ground()).toBe('rgb(250, 250, 248)');
    await page.reload();
    await page.getByRole('button', { name: 'Theme: light' }).waitFor();
    expect(await ground()).toBe('rgb(250, 250, 248)');
  });

  test('fits a phone: nothing is wider than 390 pixels, the lists are drawers', async () => {
    const { page } = await start(
      (backend) => {
        backend.state.tools = TOOLS;
        backend.state.models = MODELS;
        backend.state.health = DEMO;
        backend.state.sessions.set('s', {
          title: 'A plot of a wave',
          updated_at: new Date().toISOString(),
          messages: [],
        });
        playPlot(backend);
      },
      { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    );
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    await picture(page, 'phone-welcome');
    expect(await width()).toBe(390);
    await send(
      page,
      'Draw a damped wave, and mind a_word_that_is_much_longer_than_any_line_of_a_phone_can_ever_be_shown',
    );
    await lastAnswer(page).getByText('1,234 tokens').waitFor();
    expect(await width()).toBe(390);
    await picture(page, 'phone');
    expect(await page.getByRole('navigation', { name: 'Chats' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Show chats' }).click();
    await page.getByRole('navigation', { name: 'Chats' }).getByText('A plot of a wave').waitFor();
    await picture(page, 'phone-chats');
    await page.keyboard.press('Escape');
    await page.getByRole('navigation', { name: 'Chats' }).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Tools', exact: true }).click();
    await page.getByText('execute_code').last().click();
    expect(await width()).toBe(390);
    await picture(page, 'phone-tools');
  });

  test('works offline: everything it needs is its own', async () => {
    const { page, backend } = await start();
    const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of loaded) expect(url.startsWith(backend.url)).toBe(true);
  });

  test('has a name for every control', async () => {
    const { page } = await start((backend) => {
      backend.state.tools = TOOLS;
      backend.state.models = MODELS;
      playPlot(backend);
    });
    await send(page, 'Draw');
    await lastAnswer(page).getByText('1,234 tokens').waitFor();
    await page.getByRole('button', { name: 'Tools', exact: true }).click();
    await page.getByText('execute_code').last().click();
    const controls = await page.getByRole('main').locator('..').ariaSnapshot();
    // A control without a name stands there without words after its role.
    expect(
      controls.split('\n').filter((line) => /- (button|textbox|combobox|checkbox|link|img)\s*:?$/.test(line)),
    ).toEqual([]);
  });
});
