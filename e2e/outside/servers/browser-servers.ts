import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NotToBeHad } from '@toolmesh/shared/test-kit/outside-packages';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { CHROMIUM, npm, versionOf } from '../parts.ts';
import { expectText, type ServerCase } from './server-case.ts';

const pages = await serveRaw((req, res) => {
  const title = decodeURIComponent(req.url?.slice(1) ?? '');
  res
    .setHeader('content-type', 'text/html')
    .end(`<html><head><title>${title}</title></head><body><h1>Page ${title}</h1></body></html>`);
});
pages.server.unref();

const page = (name: string) => ({ url: `${pages.url}/${encodeURIComponent(name)}` });

async function browserServer(path: string, args: readonly string[]): Promise<object> {
  if (!existsSync(CHROMIUM)) throw new NotToBeHad(`${CHROMIUM} is not installed (package chromium)`);
  return { command: process.execPath, args: [join(await npm('servers'), path), ...args] };
}

export const BROWSER_SERVERS: readonly ServerCase[] = [
  {
    name: '@playwright/mcp',
    version: versionOf('@playwright/mcp'),
    tools: 20,
    entry: () =>
      browserServer('@playwright/mcp/cli.js', [
        '--headless',
        '--isolated',
        '--no-sandbox',
        '--executable-path',
        CHROMIUM,
      ]),
    calls: [{ tool: 'browser_navigate', args: page, says: /Page Title: \w/ }],
    async session(call, own) {
      await call('browser_navigate', page(own));
      for (let at = 0; at < 3; at += 1) expectText(await call('browser_snapshot', {}), new RegExp(`Page ${own}`));
      expectText(await call('browser_evaluate', { function: '() => document.title' }), new RegExp(own));
      await call('browser_close', {});
    },
  },
  {
    name: 'chrome-devtools-mcp',
    version: versionOf('chrome-devtools-mcp'),
    tools: 20,
    entry: () =>
      browserServer('chrome-devtools-mcp/build/src/bin/chrome-devtools-mcp.js', [
        '--headless',
        '--isolated',
        '--executablePath',
        CHROMIUM,
        '--chromeArg=--no-sandbox',
        '--no-usage-statistics',
      ]),
    calls: [{ tool: 'list_pages', args: () => ({}), says: /about:blank/ }],
    async session(call, own) {
      const pageId = Number(/\b(\d{1,9}): about:blank/.exec((await call('list_pages', {})).text)?.[1]);
      await call('navigate_page', { pageId, type: 'url', ...page(own) });
      expectText(await call('take_snapshot', { pageId }), new RegExp(`Page ${own}`));
      expectText(await call('evaluate_script', { pageId, function: '() => document.title' }), new RegExp(own));
    },
  },
];
