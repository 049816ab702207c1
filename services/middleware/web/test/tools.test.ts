import { expect, test } from '@jest/globals';
import { describeInBrowser, lastAnswer, picture, send, usePages } from './browser.ts';
import { begun, ended, said, says } from './fake-backend.ts';
import { plotPng } from './plot-png.ts';
import { called, executed } from './results.ts';

const CODE = 'import time\nfor step in range(3):\n    print("step", step)\n    time.sleep(1)';

describeInBrowser('a call of a tool', () => {
  const { start } = usePages();

  test('shows its arguments as they are written, its output as it is printed, then its result', async () => {
    const [ready, printed, over] = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const { page } = await start(({ plays }) =>
      plays(async ({ send: emit }) => {
        emit(...begun(), ...said('I will run it.'));
        emit({ type: 'tool-input-start', toolCallId: 'c1', toolName: 'execute_code', dynamic: true });
        emit({ type: 'tool-input-delta', toolCallId: 'c1', inputTextDelta: '{"code":"import ti' });
        await ready?.promise;
        emit({ type: 'tool-input-available', toolCallId: 'c1', toolName: 'execute_code', input: { code: CODE } });
        emit({ type: 'data-tool-output', data: { tool_call_id: 'c1', text: 'step 0\n' }, transient: true });
        emit({ type: 'data-tool-output', data: { tool_call_id: 'c1', text: 'step 1\n' }, transient: true });
        await printed?.promise;
        const output = executed({ stdout: 'step 0\nstep 1\nstep 2\n', result: '42' });
        emit({ type: 'tool-output-available', toolCallId: 'c1', output, dynamic: true });
        await over?.promise;
        emit(...said('It counted.', 't2'), ...ended());
      }),
    );
    await send(page, 'Count slowly');
    const card = page.getByLabel(/^Tool execute_code/);
    await page.getByLabel('Tool execute_code: Preparing').waitFor();
    await card.getByText('{"code":"import ti').waitFor();
    ready?.resolve();
    await page.getByLabel('Tool execute_code: Running').waitFor();
    await card.getByText('Output so far').waitFor();
    await card.getByText('step 1').waitFor();
    await card.locator('.elapsed', { hasText: /^[\d.]+ s$/ }).waitFor();
    await picture(page, 'tool-card-running');
    printed?.resolve();
    await page.getByLabel('Tool execute_code: Done').waitFor();
    await card.getByRole('button', { expanded: false }).click();
    expect(await card.locator('.output pre').allInnerTexts()).toEqual([
      CODE,
      expect.stringMatching(/^step 0\nstep 1\nstep 2\n?$/),
      '42',
    ]);
    expect(await card.locator('.facts').innerText()).toMatch(/python 3\.11\.2\s*namespaces\s*48 MiB/);
    over?.resolve();
    await lastAnswer(page).getByText('It counted.').waitFor();
    await picture(page, 'tool-card');
    await card.getByRole('button', { name: 'Copy call as curl' }).click();
    const curl = await page.evaluate(() => navigator.clipboard.readText());
    expect(curl).toMatch(/^curl -s http:\/\/127\.0\.0\.1:\d+\/execute .*"name":"execute_code","parameters":\{"code":/);
  });

  test('shows a plot without a click, and offers other files to save', async () => {
    const artifacts = [
      { path: 'wave.png', mime_type: 'image/png', size_bytes: 2_048, data: plotPng() },
      { path: 'out/wave.csv', mime_type: 'text/csv', size_bytes: 8, data: btoa('x,y\n1,2\n') },
    ];
    const { page } = await start(({ plays }) =>
      plays(({ send: emit }) =>
        emit(
          ...begun(),
          ...called('c1', 'execute_code', {
            code: 'import matplotlib.pyplot as plt\nplt.plot(wave)',
            language: 'python',
          }),
          { type: 'tool-output-available', toolCallId: 'c1', output: executed({ artifacts }) },
          ...said('A damped wave.'),
          ...ended(),
        ),
      ),
    );
    await send(page, 'Draw a wave');
    await lastAnswer(page).getByText('A damped wave.').waitFor();
    const plot = page.getByRole('img', { name: 'Image wave.png' });
    await plot.waitFor();
    expect(await plot.evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth)).toBe(640);
    await picture(page, 'plot');
    await page.getByLabel('Tool execute_code: Done').getByRole('button', { expanded: false }).click();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'out/wave.csv' }).click();
    expect((await saved).suggestedFilename()).toBe('wave.csv');
  });

  test('shows an image among the content of any tool, and every kind of failure', async () => {
    const { page } = await start(({ plays }) =>
      plays(({ send: emit }) =>
        emit(
          ...begun(),
          ...called('c1', 'screenshot', { url: 'https://example.org' }),
          {
            type: 'tool-output-available',
            toolCallId: 'c1',
            output: {
              tool: 'screenshot',
              is_error: false,
              content: [
                { type: 'image', data: plotPng(200, 80), mimeType: 'image/png' },
                { type: 'image', data: btoa('<p>'), mimeType: 'text/html' },
              ],
              duration_ms: 5,
            },
          },
          ...called('c2', 'execute_code', { code: '1/0' }),
          {
            type: 'tool-output-available',
            toolCallId: 'c2',
            output: executed(
              { error: { type: 'ZeroDivisionError', message: 'division by zero', traceback: 'line 1: 1/0' } },
              true,
            ),
          },
          ...called('c3', 'get_current_time', { timezone: 'Mars' }),
          { type: 'tool-output-error', toolCallId: 'c3', errorText: 'No such zone: Mars' },
          ...called('c4', 'install_package', { name: 'snake' }),
          { type: 'tool-output-denied', toolCallId: 'c4' },
          ...said('Some of it failed.'),
          ...ended(),
        ),
      ),
    );
    await send(page, 'Try everything');
    await lastAnswer(page).getByText('Some of it failed.').waitFor();
    expect(await page.getByRole('img', { name: /^Image/ }).count()).toBe(1);
    expect(await page.getByLabel('Tool execute_code: Failed').innerText()).toContain('line 1: 1/0');
    expect(await page.getByLabel('Tool get_current_time: Failed').innerText()).toContain('No such zone: Mars');
    expect(await page.getByLabel('Tool install_package: Denied').isVisible()).toBe(true);
    await picture(page, 'tool-failures');
  });

  test('shows calls that run at the same time, each with its own state', async () => {
    const over = Promise.withResolvers<void>();
    const { page } = await start(({ plays }) =>
      plays(async ({ send: emit }) => {
        emit(...begun(), ...called('c1', 'execute_code', { code: 'slow' }), ...called('c2', 'get_current_time', {}));
        emit({ type: 'tool-output-available', toolCallId: 'c2', output: { is_error: false, content: [] } });
        await over.promise;
        emit({ type: 'tool-output-available', toolCallId: 'c1', output: executed({}) }, ...ended());
      }),
    );
    await send(page, 'Both');
    await page.getByLabel('Tool get_current_time: Done').waitFor();
    expect(await page.getByLabel('Tool execute_code: Running').isVisible()).toBe(true);
    over.resolve();
    await page.getByLabel('Tool execute_code: Done').waitFor();
  });
});

const APPROVAL = {
  id: 'ap_1',
  call_id: 'c1',
  name: 'install_package',
  arguments: { name: 'requests', ecosystem: 'pypi' },
  expires_at: '2999-01-01T00:00:00.000Z',
};
const asks = [
  ...begun(),
  ...called('c1', 'install_package', APPROVAL.arguments),
  { type: 'tool-approval-request', approvalId: 'ap_1', toolCallId: 'c1' },
  { type: 'data-approval', data: APPROVAL },
  ...ended('tool-calls'),
];

describeInBrowser('a call that needs permission', () => {
  const { start } = usePages();

  test('shows its exact arguments, and runs once it is allowed, in the same answer', async () => {
    const { page, backend } = await start(({ plays }) =>
      plays(
        ({ send: emit }) => emit(...asks),
        ({ send: emit }) =>
          emit(
            ...begun('run_2'),
            {
              type: 'tool-output-available',
              toolCallId: 'c1',
              output: { tool: 'install_package', is_error: false, content: [{ type: 'text', text: 'installed' }] },
            },
            ...said('It is installed.'),
            ...ended(),
          ),
      ),
    );
    await send(page, 'Install requests');
    const card = page.getByLabel('Approval for install_package');
    await card.getByText('"name": "requests"').waitFor();
    await card.getByText('"ecosystem": "pypi"').waitFor();
    await picture(page, 'approval');
    await card.getByRole('button', { name: 'Allow once' }).click();
    await lastAnswer(page).getByText('It is installed.').waitFor();
    expect(await page.getByLabel('Tool install_package: Done').isVisible()).toBe(true);
    expect(await page.getByRole('article', { name: 'Assistant' }).count()).toBe(1);
    const [first, second] = backend.asked('/chat').map(({ body }) => body);
    expect(second).toEqual({
      session_id: first.session_id,
      approvals: [{ id: 'ap_1', decision: 'approve' }],
      stream: true,
    });
    await lastAnswer(page).getByText('2,468 tokens').waitFor();
  });

  test('shows what is asked for, not what the call was called, and nothing of it hides', async () => {
    const { page } = await start(({ plays }) =>
      plays(({ send: emit }) =>
        emit(
          ...begun(),
          ...called('c1', 'get_current_time', {}),
          {
            type: 'data-approval',
            data: { ...APPROVAL, name: 'execute_code', arguments: { code: 'delete()\u202E # safe' } },
          },
          ...ended('tool-calls'),
        ),
      ),
    );
    await send(page, 'What time is it?');
    const card = page.getByLabel('Approval for execute_code');
    await card.getByText('delete()⟨U+202E⟩ # safe').waitFor();
    expect(await card.getByRole('heading').first().innerText()).toBe('Allow execute_code to run?');
  });

  test('is denied with a reason', async () => {
    const { page, backend } = await start(({ plays }) =>
      plays(({ send: emit }) => emit(...asks), says('Then I will not.')),
    );
    await send(page, 'Install requests');
    await page.getByRole('textbox', { name: 'Reason' }).fill('use urllib');
    await page.getByRole('button', { name: 'Deny' }).click();
    await lastAnswer(page).getByText('Then I will not.').waitFor();
    expect(backend.asked('/chat')[1]?.body.approvals).toEqual([{ id: 'ap_1', decision: 'deny', reason: 'use urllib' }]);
    const card = page.getByLabel('Tool install_package: Denied');
    await card.getByRole('button', { expanded: false }).click();
    expect(await card.innerText()).toContain('You: use urllib');
  });

  test('waits until all requests of the answer are decided, then sends them together', async () => {
    const { page, backend } = await start(({ plays }) =>
      plays(
        ({ send: emit }) =>
          emit(
            ...begun(),
            ...called('c1', 'install_package', { name: 'requests' }),
            ...called('c2', 'install_package', { name: 'socket' }),
            { type: 'data-approval', data: APPROVAL },
            { type: 'data-approval', data: { ...APPROVAL, id: 'ap_2', call_id: 'c2', arguments: { name: 'socket' } } },
            ...ended('tool-calls'),
          ),
        says('One of two.'),
      ),
    );
    await send(page, 'Install both');
    await page.getByRole('button', { name: 'Allow once' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Allow once' }).first().click();
    await page.getByText('The run continues once you answer the other requests.').waitFor();
    expect(backend.asked('/chat').length).toBe(1);
    await page.getByRole('button', { name: 'Deny' }).click();
    await lastAnswer(page).getByText('One of two.').waitFor();
    expect(backend.asked('/chat')[1]?.body.approvals).toEqual([
      { id: 'ap_1', decision: 'approve' },
      { id: 'ap_2', decision: 'deny' },
    ]);
  });

  test('is denied by going on to talk', async () => {
    const { page, backend } = await start(({ plays }) => plays(({ send: emit }) => emit(...asks), says('Then not.')));
    await send(page, 'Install requests');
    await page.getByRole('button', { name: 'Allow once' }).waitFor();
    await send(page, 'Never mind');
    await lastAnswer(page).getByText('Then not.').waitFor();
    expect(await page.getByLabel('Tool install_package: Denied').count()).toBe(1);
    expect(backend.asked('/chat')[1]?.body).toMatchObject({ message: 'Never mind' });
  });

  test('survives a reload', async () => {
    const { page, backend } = await start(({ plays }) => plays(({ send: emit }) => emit(...asks), says('Done.')));
    await send(page, 'Install requests');
    await page.getByRole('button', { name: 'Allow once' }).waitFor();
    const id = backend.asked('/chat')[0]?.body.session_id;
    const call = { id: 'c1', name: 'install_package', arguments: APPROVAL.arguments, status: 'pending' };
    backend.state.sessions.set(id, {
      title: 'Install requests',
      updated_at: new Date().toISOString(),
      messages: [
        { role: 'user', content: 'Install requests' },
        { role: 'assistant', content: '', tool_calls: [call] },
      ],
    });
    await page.reload();
    await page.getByRole('button', { name: 'Allow once' }).click();
    await lastAnswer(page).getByText('Done.').waitFor();
    expect(backend.asked('/chat')[1]?.body).toMatchObject({ session_id: id, approvals: [{ id: 'ap_1' }] });
  });

  test('that has expired can only be asked for again', async () => {
    const late = { ...APPROVAL, expires_at: '2020-01-01T00:00:00.000Z' };
    const { page } = await start(({ plays }) =>
      plays(
        ({ send: emit }) =>
          emit(
            ...begun(),
            ...called('c1', 'install_package', {}),
            { type: 'data-approval', data: late },
            ...ended('tool-calls'),
          ),
        says('Again.'),
      ),
    );
    await send(page, 'Install requests');
    await page.getByText('This request has expired. Send your message again to get a new one.').waitFor();
    expect(await page.getByRole('button', { name: 'Allow once' }).count()).toBe(0);
    await send(page, 'Once more');
    await lastAnswer(page).getByText('Again.').waitFor();
  });
});
