import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { codeBlocks, differences, documentsOf, withPorts } from '../commands.ts';
import { exportsOf } from '../kit.ts';
import { buildSite } from '../site/build-site.ts';
import { renderPage } from '../site/render-page.ts';
import { sourcesOf, targetOf } from '../site/site.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(120_000);

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const output = mkdtempSync(join(tmpdir(), 'toolmesh-docs-'));
afterAll(() => rmSync(output, { recursive: true }));

describe('the site', () => {
  test('builds all pages, and every link leads somewhere', () => {
    expect(buildSite(ROOT, output)).toBe(sourcesOf(ROOT).length);
    for (const source of sourcesOf(ROOT))
      expect([source, existsSync(join(output, targetOf(source)))]).toEqual([source, true]);
  });

  test('has what the search needs, also where it is opened as files', () => {
    expect(readFileSync(join(output, 'search-index.js'), 'utf8')).toMatch(
      /^globalThis\.searchIndex = \[\{"target":"index.html"/,
    );
    expect(readFileSync(join(output, 'guide/connect.html'), 'utf8')).toContain('<script defer src="../search.js"');
  });

  test('shows the kit by its docstrings', () => {
    expect(readFileSync(join(output, 'reference/kit.html'), 'utf8')).toContain('<code>defineTool</code>');
    expect(readFileSync(join(output, 'decisions/README.html'), 'utf8')).toContain('0002-no-build-step.html">');
  });
});

describe('a page', () => {
  const render = (markdown: string) => renderPage(markdown, (href) => href);

  test('has anchors like those of GitHub', () => {
    const { headings } = render('# One\n## 7. What `it` is, now\n## One\n');
    expect(headings.map(({ slug }) => slug)).toEqual(['one', '7-what-it-is-now', 'one-1']);
  });

  test('escapes code, and keeps callouts apart from quotations', () => {
    const { html } = render('```sh run\necho "<b>"\n```\n\n> [!WARNING]\n> Mind it.\n\n> Said.\n');
    expect(html).toContain('<pre data-language="sh"><code>echo &quot;&lt;b&gt;&quot;</code></pre>');
    expect(html).toContain('<aside class="warning">\n<p>Mind it.</p>');
    expect(html).toContain('<blockquote>\n<p>Said.</p>');
  });

  test('makes plain text of a link to what is no page', () => {
    expect(renderPage('[code](x.ts)', () => undefined).html).toBe('<p>code</p>\n');
  });
});

test('the reference of the kit joins a schema and its type, and keeps their docstring', () => {
  const source =
    '/** A word. @throws never */\nexport const Word = z.string();\nexport type Word = string;\nexport function plain() {}\n';
  expect(exportsOf(source)).toEqual([
    { name: 'Word', kind: 'const, type', text: 'A word. **throws** never' },
    { name: 'plain', kind: 'function', text: '' },
  ]);
});

test('files that documents name are there', () => {
  const PATH = /`((?:shared|services|e2e|scripts|mesh|docs|monitoring)\/[\w./-]+)`/g;
  const missing = documentsOf(ROOT)
    .filter((file) => !file.startsWith('docs/decisions/') && file !== 'CHANGELOG.md')
    .flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(PATH)]
        .filter(
          ([, path = '']) => !/^services\/(?:dice|middleware\/web\/dist)/.test(path) && !existsSync(join(ROOT, path)),
        )
        .map(([, path]) => `${file}: ${path}`),
    );
  expect(missing).toEqual([]);
});

describe('blocks of code in documents', () => {
  const blocks = codeBlocks(ROOT);
  const NEEDS = ['terminal', 'checkout', 'key', 'docker', 'claude', 'ollama'];

  test('name their language', () => {
    expect(blocks.filter(({ info }) => info.trim() === '').map(({ at }) => at)).toEqual([]);
  });

  test('are run by a test when they are of the shell, or say what they need', () => {
    const shell = blocks.filter(({ info }) => /^(sh|bash|shell|console)\b/.test(info));
    const unmarked = shell.filter(
      ({ info }) => info !== 'sh run' && !NEEDS.some((need) => info === `sh needs=${need}`),
    );
    expect(unmarked.map(({ at, info }) => `${at} ${info}`)).toEqual([]);
  });

  // `terminal` runs until it is stopped (running-mesh.test.ts starts the mesh), `checkout` changes or measures the working copy
  // (new-service.test.ts and the suite itself run those); the rest needs a key or a program that no test may rely on.
  test('are not run in these places only, each for its need', () => {
    const skipped = blocks
      .filter(({ info }) => info.startsWith('sh needs='))
      .map(({ at, info }) => `${at.split(':')[0]} ${info.slice(9)}`);
    expect(skipped).toEqual([
      'AGENTS.md checkout',
      'CONTRIBUTING.md checkout',
      'README.md terminal',
      'README.md checkout',
      'docs/benchmarks.md checkout',
      'docs/contract.md terminal',
      'docs/guide/add-a-tool.md checkout',
      'docs/guide/bring-a-model.md key',
      'docs/guide/bring-a-model.md key',
      'docs/guide/bring-a-model.md ollama',
      'docs/guide/connect.md claude',
      'docs/guide/connect.md docker',
      'docs/guide/deploy.md docker',
      'docs/guide/deploy.md docker',
      'docs/guide/deploy.md docker',
      'docs/guide/deploy.md docker',
      'docs/guide/deploy.md terminal',
      'docs/guide/operate.md docker',
      'docs/guide/plug-in-a-server.md checkout',
      'docs/guide/plug-in-a-server.md checkout',
      'docs/index.md terminal',
      'docs/reference/servers-and-clients.md checkout',
      'docs/reference/settings.md terminal',
      'docs/troubleshooting.md terminal',
      'docs/troubleshooting.md terminal',
      'examples/README.md checkout',
    ]);
  });

  test('are run with the ports of the mesh', () => {
    const script = 'curl -s localhost:8002/chat http://localhost:8000/mcp localhost:80021';
    expect(withPorts(script, (service) => `http://127.0.0.1/${service}`)).toBe(
      'curl -s http://127.0.0.1/middleware/chat http://127.0.0.1/mcp-server/mcp localhost:80021',
    );
  });

  test('show answers whose keys, types and words are the real ones', () => {
    const shown = { status: 'up', tools: [{ name: 'Some name', calls: 1 }] };
    expect(differences(shown, { status: 'up', tools: [{ name: 'Other', calls: 7 }], more: 1 })).toEqual([]);
    expect(differences(shown, { status: 'down', tools: [{ name: 1 }] })).toEqual([
      'answer.status is "down"',
      'answer.tools[0].name is number',
      'answer.tools[0].calls is missing',
    ]);
    expect(differences(shown, { status: 'up', tools: [] })).toEqual(['answer.tools is empty']);
  });
});
