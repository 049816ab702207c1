import { describe, expect, test } from '@jest/globals';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { fc } from '@toolmesh/shared/test-kit/property';
import { completeMarkdown } from '../../src/markdown/complete-markdown.ts';
import { highlight } from '../../src/markdown/highlight.ts';
import { parseMarkdown } from '../../src/markdown/markdown-tree.ts';
import { safeLink } from '../../src/markdown/safe-link.ts';

const nodes = (text: string) => parseMarkdown(text).flatMap((block) => block.nodes);
const inline = (text: string) => {
  const [first] = nodes(text);
  return typeof first === 'object' && 'children' in first ? first.children : [first];
};

describe('Markdown', () => {
  test('becomes a tree that has no place for HTML', () => {
    expect(nodes('<script>alert(1)</script>')).toEqual([{ tag: 'p', children: ['<script>alert(1)</script>'] }]);
    expect(inline('a <b onclick="x()">b</b>')).toEqual(['a ', '<b onclick="x()">', 'b', '</b>']);
    expect(inline('a<br>b')).toEqual(['a', { tag: 'br' }, 'b']);
  });

  test('knows what models write: nested lists, tasks, tables, code, emphasis', () => {
    expect(nodes('1. one\n   - [x] done\n2. two')).toMatchObject([
      {
        tag: 'ol',
        start: 1,
        children: [
          { tag: 'li', children: ['one', { tag: 'ul', children: [{ tag: 'li' }] }] },
          { tag: 'li', children: ['two'] },
        ],
      },
    ]);
    expect(JSON.stringify(nodes('- [x] done'))).toContain('"tag":"checkbox","checked":true');
    expect(nodes('| a | b |\n|---|--:|\n| 1 | **2** |')).toMatchObject([
      {
        tag: 'table',
        head: [{ children: ['a'] }, { align: 'right' }],
        rows: [[{}, { children: [{ tag: 'strong' }] }]],
      },
    ]);
    expect(nodes('```python title="x"\nx = 1\n```')).toEqual([
      { tag: 'code-block', language: 'python', text: 'x = 1' },
    ]);
    expect(nodes('# One')).toEqual([{ tag: 'h3', children: ['One'] }]);
    expect(inline('*a* ~~b~~ `<c>`')).toEqual([
      { tag: 'em', children: ['a'] },
      ' ',
      { tag: 'del', children: ['b'] },
      ' ',
      { tag: 'code', children: ['<c>'] },
    ]);
  });

  test('never loads a picture from elsewhere', () => {
    expect(inline('![a cat](https://evil.example/x.png?q=secret)')).toEqual([
      { tag: 'remote-image', host: 'evil.example', href: 'https://evil.example/x.png?q=secret', alt: 'a cat' },
    ]);
    expect(inline('![](/sessions)')).toMatchObject([{ tag: 'remote-image', href: undefined }]);
    expect(inline('![svg](data:image/svg+xml;base64,AAAA)')).toMatchObject([{ tag: 'remote-image', href: undefined }]);
    expect(inline('![dot](data:image/png;base64,AAAA)')).toEqual([
      { tag: 'image', src: 'data:image/png;base64,AAAA', alt: 'dot' },
    ]);
  });

  test('of any depth and length is drawn', () => {
    expect(JSON.stringify(nodes(`${'> '.repeat(400)}deep`))).toContain('deep');
    expect(JSON.stringify(nodes(`${'['.repeat(2_000)}x`))).toContain('x');
    expect(JSON.stringify(nodes('*'.repeat(5_000)))).toBeDefined();
  });

  test('has a source for each block, so that what has not changed need not be drawn again', () => {
    const text = 'One.\n\n- two\n- three\n\n```\nfour\n```\n\nFive';
    const before = parseMarkdown(text);
    const after = parseMarkdown(`${text} and more`);
    expect(after.slice(0, -1).map(({ source }) => source)).toEqual(before.slice(0, -1).map(({ source }) => source));
    expect(before.map(({ source }) => source).join('')).toBe(text);
  });
});

/** Delimiters of Markdown, alone and as they are used: each may be looked for in all that follows. */
const UNITS = [
  '*',
  '_',
  '**',
  '~~',
  '`',
  '[',
  ']',
  '](',
  '![',
  '<',
  '>',
  '&',
  '\\',
  '#',
  '|',
  '-',
  '+',
  '1.',
  '=',
  '~~~',
  '(',
  ')',
  ':',
  '_a',
  '*a',
  'a*',
  'a__',
  '*_a',
  '[a](b',
  '[[a](b)',
  '`a``',
  '<a ',
  '<!--',
  '&#',
  'http://a(',
  "http://a.'",
  'www.a.',
  'a@b.',
  'a\n',
  '-\n',
  '* a\n',
  '> ',
  '  * a\n',
  'a|b\n-|-\n',
  '[a]: b\n',
  'a\n=',
  '```\n',
  '    a\n',
  '\ta\n',
  '&#a\\\n',
  '   ',
  '\t',
  '\n',
  'word ',
  'é',
  '😀',
  '\u00A0',
  '“',
];
const evilText = fc
  .tuple(
    fc.constantFrom('', ...UNITS),
    fc.array(fc.constantFrom(...UNITS), { minLength: 1, maxLength: 3 }).map((units) => units.join('')),
  )
  .map(
    ([first, unit]) =>
      (length: number) =>
        first + unit.repeat(Math.ceil(length / unit.length)),
  );

/** Processor time of a task in ms: what else runs on the machine does not count. */
function processorMs(task: () => unknown): number {
  const before = process.threadCpuUsage();
  task();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

describe('no text keeps the page busy', () => {
  test('marks without end, alone and mixed, whole and as they are written', () => {
    fc.assert(
      fc.property(evilText, (textOf) => {
        const text = textOf(30_000);
        // A tenth of this is common; what grew with the square took from 500 to 12 000.
        expect(processorMs(() => parseMarkdown(completeMarkdown(text)))).toBeLessThan(400);
        expect(processorMs(() => highlight(text, 'typescript'))).toBeLessThan(400);
      }),
      { numRuns: IS_FULL ? 2_000 : 150 },
    );
  });

  test('a megabyte of anything is shown as it is', () => {
    const text = '_a'.repeat(2 ** 19);
    expect(processorMs(() => parseMarkdown(completeMarkdown(text)))).toBeLessThan(2_000);
    expect(nodes(text)).toEqual([{ tag: 'p', children: [text] }]);
  });

  test('a paragraph with more marks than a person writes is shown as it is, the others as they are meant', () => {
    const dense = '*a'.repeat(1_000);
    expect(nodes(`**b**\n\n${dense}\n\n*c*`)).toEqual([
      { tag: 'p', children: [{ tag: 'strong', children: ['b'] }] },
      { tag: 'p', children: [dense] },
      { tag: 'p', children: [{ tag: 'em', children: ['c'] }] },
    ]);
  });
});

describe('a link', () => {
  test.each(['https://example.org/a?b=c', 'http://localhost:8002/', 'mailto:a@example.org'])(
    'may lead to %s',
    (href) => {
      expect(safeLink(href)).toBe(href);
    },
  );

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'java\tscript:alert(1)',
    '\u0001javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'blob:https://example.org/x',
    'file:///etc/passwd',
    '/sessions',
    '//evil.example',
    '#x',
    '',
  ])('may not lead to %j', (href) => {
    expect(safeLink(href)).toBe(undefined);
  });

  test('is judged after its character references are read', () => {
    expect(inline('[x](&#106;avascript:alert(1))')).toEqual(['x']);
    expect(inline('[x](java&Tab;script:alert(1))')).toEqual(['x']);
  });
});

describe('Markdown that is still being written', () => {
  test.each([
    ['a **bol', 'a **bol**'],
    ['a **bold*', 'a **bold**'],
    ['a **', 'a '],
    ['a *it', 'a *it*'],
    ['a `co', 'a `co`'],
    ['a `', 'a '],
    ['a ~~b', 'a ~~b~~'],
    ['see [the page](https://exa', 'see the page'],
    ['see ![alt](https://exa', 'see '],
    ['Text\n-', 'Text'],
    ['Text\n=', 'Text'],
    ['Text\n##', 'Text'],
    ['Text\n1.', 'Text'],
    ['```js\nlet a = `b', '```js\nlet a = `b'],
    ['```js\nx\n``', '```js\nx'],
    ['whole **bold** and `code` [a](https://b.c)', 'whole **bold** and `code` [a](https://b.c)'],
    ['2*3 and 4 * 5', '2*3 and 4 * 5'],
    ['* one\n* two', '* one\n* two'],
    ['done **x**.\n\nnow *y', 'done **x**.\n\nnow *y*'],
    ['snake_case_name', 'snake_case_name'],
  ])('%j is shown as %j', (written, shown) => {
    expect(completeMarkdown(written)).toBe(shown);
  });

  test('never shows a mark that the whole would not show', () => {
    const whole = 'A **bold** word, *another*, `code` and [a link](https://example.org).';
    for (let end = 1; end <= whole.length; end += 1) {
      const text = JSON.stringify(nodes(completeMarkdown(whole.slice(0, end))));
      expect(text.replaceAll(/"(tag|href|children)":/g, '')).not.toMatch(/\*|`|\]\(/);
    }
  });
});

describe('text', () => {
  test('with character references is read as they mean it; unknown ones stay', () => {
    expect(inline('a &amp; b &lt;c&gt; &#65;&#x42; &hellip; &nosuch; &constructor; &#0; &#xD800;')).toEqual([
      'a & b <c> AB … &nosuch; &constructor; \uFFFD \uFFFD',
    ]);
    expect(inline('x &lt;b&gt; y')).toEqual(['x <b> y']);
  });
});

describe('code', () => {
  test.each([
    ['python', 'def f():  # why\n    return "a" + \'b\' * 2'],
    ['typescript', 'const a = `x ${1}`; // no\n/* open'],
    ['sql', 'SELECT * FROM t -- all'],
    ['json', '{"a": [1, true, null]}'],
    ['bash', 'for f in *; do echo "$f"; done # end'],
    ['unknown', 'anything'],
    ['constructor', 'anything'],
    ['python', '"""never closed'],
    ['js', '"\\'],
  ])('in %s is coloured and still the same', (language, code) => {
    expect(
      highlight(code, language)
        .map(({ text }) => text)
        .join(''),
    ).toBe(code);
  });

  test('has its keywords, strings, numbers and comments told apart', () => {
    expect(highlight('return "a" + 42 # x', 'python').filter(({ kind }) => kind !== 'plain')).toEqual([
      { kind: 'keyword', text: 'return' },
      { kind: 'string', text: '"a"' },
      { kind: 'number', text: '42' },
      { kind: 'comment', text: '# x' },
    ]);
    expect(highlight('my_return.class returning', 'python').every(({ kind }) => kind === 'plain')).toBe(true);
  });
});
