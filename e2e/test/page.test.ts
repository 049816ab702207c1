import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Mesh, startMesh } from '../mesh.ts';
import { hasProgram, testWith } from '../parts.ts';

const CHROMIUM = '/usr/bin/chromium';
const SCREENSHOTS = fileURLToPath(new URL('../../reports/screenshots/', import.meta.url));
const hasChromium = hasProgram(CHROMIUM);
const inBrowser = testWith('chromium', hasChromium);

const PLOT = `Run this:
\`\`\`python
import matplotlib.pyplot as plt
plt.plot([1, 4, 9, 16])
plt.show()
\`\`\``;

jest.setTimeout(90_000);

/** Conversations of its own, and none left behind. */
const data = mkdtempSync(`${tmpdir()}/page-`);

let mesh: Mesh;
let browser: Browser;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  mesh = await startMesh({ TOOL_POLICY: 'convert_time=ask', CHAT_DATA_DIR: data });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await mesh?.stop();
  rmSync(data, { recursive: true, force: true });
});
beforeEach(async () => {
  if (!hasChromium) return;
  page = await browser.newPage({ viewport: { width: 1_180, height: 800 } });
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(mesh.url('middleware'));
});
afterEach(async () => {
  await page?.close();
  expect(errors.splice(0)).toEqual([]);
});

async function send(text: string): Promise<void> {
  await page.getByRole('button', { name: 'Send' }).waitFor();
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

/** Programs that the sandbox runs at the moment. */
async function busyWorkers(): Promise<number> {
  const { body } = await request(`${mesh.url('sandbox')}/metrics`);
  return Number(/^sandbox_programs\{state="running"\} (\d+)$/m.exec(body)?.[1]);
}

const answer = () => page.getByRole('article', { name: 'Assistant' }).last();
const picture = (name: string) => page.screenshot({ path: `${SCREENSHOTS}mesh-${name}.png` });

describe('the page of a mesh without a model', () => {
  inBrowser('answers with real tools, says that it is a demo, and is the same after a reload', async () => {
    await page.locator('.header').getByText('Demo – no language model').waitFor();
    await send('Execute: print("Hello") and tell me the time');
    await page.getByLabel('Tool execute_code: Done').waitFor();
    await page.getByLabel('Tool get_current_time: Done').waitFor();
    await answer().getByText(/Hello/).last().waitFor();
    await answer().getByText('Demo – no language model').waitFor();
    await page.getByLabel('Tool execute_code: Done').getByRole('button', { expanded: false }).click();
    await page.getByLabel('Tool execute_code: Done').getByText('print("Hello")').last().waitFor();
    await picture('answer');
    const said = await answer().locator('.markdown').last().innerText();
    expect(said).toMatch(/\d{4}-\d\d-\d\dT/);
    expect(new URL(page.url()).hash).toMatch(/^#\/c\/[\w-]+$/);

    await page.reload();
    await page.getByLabel('Tool get_current_time: Done').waitFor();
    expect(await answer().locator('.markdown').last().innerText()).toBe(said);
    expect(await page.locator('.session-title').count()).toBeGreaterThan(0);
    await picture('reload');
  });

  inBrowser('shows a plot that Python drew', async () => {
    const { body } = await post(`${mesh.url('middleware')}/execute`, {
      name: 'execute_code',
      parameters: { code: 'import matplotlib' },
    });
    await send(PLOT);
    // Where the layer of Python libraries has not been built, the card says so instead.
    if (body.is_error === true) {
      await page
        .getByLabel('Tool execute_code: Failed')
        .getByText(/matplotlib/)
        .last()
        .waitFor();
      return;
    }
    const plot = page.getByRole('img', { name: /^Image .*\.png$/ });
    await plot.waitFor();
    expect(await plot.evaluate((image) => Reflect.get(Object(image), 'naturalWidth'))).toBeGreaterThan(100);
    await picture('plot');
  });

  inBrowser('shows what a program prints while it runs, and Stop ends it in the sandbox', async () => {
    await send('Run this:\n```python\nimport time\nprint("early", flush=True)\ntime.sleep(100)\n```');
    await page.getByLabel('Tool execute_code: Running').getByText('early', { exact: true }).waitFor();
    await picture('running');
    await until(async () => (await busyWorkers()) === 1);
    await page.keyboard.press('Escape');
    await page.getByLabel('Tool execute_code: Stopped').waitFor();
    await until(async () => (await busyWorkers()) === 0);
    await send('Execute: print("again")');
    await answer().getByText(/again/).last().waitFor();
  });

  inBrowser(
    'asks before a tool that needs permission, also after a reload, and goes on in the same answer',
    async () => {
      await send('What is 2026-01-05T09:30 from Europe/Berlin in Asia/Tokyo?');
      await page.getByLabel('Approval for convert_time').waitFor();
      await page.reload();
      const card = page.getByLabel('Approval for convert_time');
      await card.getByText('"to_timezone": "Asia/Tokyo"').waitFor();
      await picture('approval');
      await card.getByRole('button', { name: 'Allow once' }).click();
      await page.getByLabel('Tool convert_time: Done').waitFor();
      await answer().getByText(/17:30/).last().waitFor();
      expect(await page.getByRole('article', { name: 'Assistant' }).count()).toBe(1);
    },
  );

  inBrowser('tries a tool by its form', async () => {
    await page.getByRole('button', { name: 'Tools', exact: true }).click();
    await page.getByText('get_current_time', { exact: true }).click();
    const form = page.getByRole('form', { name: 'Try get_current_time' });
    await form.getByLabel('timezone').fill('Asia/Tokyo');
    await form.getByRole('button', { name: 'Run' }).click();
    const result = form.getByRole('group', { name: 'Result' });
    await result.getByText('Asia/Tokyo').first().waitFor();
    expect(await result.getAttribute('data-state')).toBe('ok');
    await picture('tool-panel');
  });
});
