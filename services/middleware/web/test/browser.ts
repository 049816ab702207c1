import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, jest } from '@jest/globals';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Backend, startBackend } from './fake-backend.ts';

const CHROMIUM = '/usr/bin/chromium';
const SCREENSHOTS = fileURLToPath(new URL('../../../../reports/screenshots/', import.meta.url));

/**
 * Like `describe`, for tests in a real browser: Debian's Chromium. Where a laptop has none they are skipped; CI, which
 * installs it, fails without it.
 */
export const describeInBrowser = existsSync(CHROMIUM) || process.env['CI'] === 'true' ? describe : describe.skip;

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });

/** Keeps a picture of the page for whoever looks at CI's output. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, animations: 'disabled' });
}

/** The faults of a page: errors, and requests to other hosts. */
export interface Misdeeds {
  readonly errors: string[];
  readonly foreign: string[];
}

/**
 * A browser for the tests of a file, and for each test a backend and a page of its own. After each test the page has
 * thrown nothing, broken no rule of its policy, and called nobody but its own server.
 */
export function usePages() {
  jest.setTimeout(90_000);
  let browser: Browser;
  const open: { page: Page; backend: Backend; misdeeds: Misdeeds }[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const { page, backend, misdeeds } of open.splice(0)) {
      await page.context().close();
      await backend.stop();
      expect(misdeeds).toEqual({ errors: [], foreign: [] });
    }
  });

  const openPage = async (backend: Backend, options: BrowserContextOptions = {}, hash = '') => {
    const context = await browser.newContext({
      viewport: { width: 1_180, height: 800 },
      permissions: ['clipboard-read', 'clipboard-write'],
      reducedMotion: 'reduce',
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const misdeeds = watch(page, backend.url);
    open.push({ page, backend, misdeeds });
    await page.goto(`${backend.url}/${hash}`);
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    return page;
  };

  return {
    openPage,
    /** For a test that makes the page do what it must not. */
    expectMisdeeds() {
      for (const { errors, foreign } of open.map(({ misdeeds }) => misdeeds)) {
        expect(errors.length).toBeGreaterThan(0);
        errors.length = 0;
        foreign.length = 0;
      }
    },
    /** A backend and a page at it. */
    async start(prepare: (backend: Backend) => void = () => {}, options: BrowserContextOptions = {}) {
      const backend = await startBackend();
      prepare(backend);
      return { backend, page: await openPage(backend, options) };
    },
  };
}

function watch(page: Page, home: string): Misdeeds {
  const misdeeds: Misdeeds = { errors: [], foreign: [] };
  page.on('pageerror', (error) => misdeeds.errors.push(error.message));
  page.on('console', (message) => {
    // That a request failed is the browser's remark on tests of failures, not a fault of the page.
    const isRemark = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRemark) misdeeds.errors.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(home) && !url.startsWith('data:') && !url.startsWith('blob:')) misdeeds.foreign.push(url);
  });
  return misdeeds;
}

/** Writes a message and sends it. */
export async function send(page: Page, text: string): Promise<void> {
  await page.getByRole('button', { name: 'Send' }).waitFor();
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

export const lastAnswer = (page: Page) => page.getByRole('article', { name: 'Assistant' }).last();
