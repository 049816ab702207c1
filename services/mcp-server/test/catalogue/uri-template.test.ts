import { describe, expect, test } from '@jest/globals';
import { fc } from '@toolmesh/shared/test-kit/property';
import { expectLinear } from '@toolmesh/shared/test-kit/hostile-text';
import { parseUriTemplate } from '../../src/catalogue/uri-template.ts';

function matches(template: string, uri: string): boolean {
  const parsed = parseUriTemplate(template);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.matches(uri);
}

describe('a URI template', () => {
  test.each([
    ['test://template/{id}/data', 'test://template/7/data', true],
    ['test://template/{id}/data', 'test://template/7/8/data', false],
    ['test://template/{id}/data', 'test://template//data', false],
    ['test://template/{id}/data', 'test://template/7/data/', false],
    ['file:///{+path}', 'file:///etc/hosts', true],
    ['file://{/path*}', 'file:///etc/hosts', true],
    ['docs://{path*}', 'docs://a/b/c', true],
    ['docs://{section}/{page:3}.html', 'docs://intro/one.html', true],
    ['x:{a,b}', 'x:1,2', true],
    ['x:{a}', 'x:1,2', false],
    ['x:/a{.format}', 'x:/a.json', true],
    ['x:/a{/b,c}', 'x:/a/1/2', true],
    ['x:/a{;b}', 'x:/a;b=1', true],
    ['x:/a{#part}', 'x:/a#top', true],
    ['x:/search{?q,limit}', 'x:/search?q=a&limit=2', true],
    ['x:/search{?q,limit}', 'x:/search?limit=2', true],
    ['x:/search{?q,limit}', 'x:/search', true],
    ['x:/search{?q,limit}', 'x:/searches', false],
    ['x:/search?fixed=1{&q}', 'x:/search?fixed=1&q=a', true],
    ['x:{+a}x{b}y', 'x:1x2/3x4y', true],
    ['x://plain', 'x://plain', true],
    ['x://plain', 'X://plain', false],
    ['x://{a}', 'x://%E2%82%AC', true],
    ['x://{a}/\u{1F600}', 'x://1/\u{1F600}', true],
  ])('%s of the URI %s: %s', (template, uri, expected) => {
    expect(matches(template, uri)).toBe(expected);
  });

  test.each([
    ['{+everything}', /scheme/],
    ['{scheme}://x', /scheme/],
    ['x:{a', /RFC 6570/],
    ['x:{}', /RFC 6570/],
    ['x:{a b}', /RFC 6570/],
    ['x:{{a}}', /RFC 6570/],
    ['x:{!a}', /RFC 6570/],
    [`x:${'{a}'.repeat(9)}`, /more than 8/],
  ])('%s cannot be used', (template, problem) => {
    expect(parseUriTemplate(template)).toEqual({ problem: expect.stringMatching(problem) });
  });

  test('that is too long, or all braces, cannot be used', () => {
    expect(parseUriTemplate(`x:${'a'.repeat(2_000)}`)).toEqual({ problem: expect.stringMatching(/longer than/) });
    expect(parseUriTemplate(`x:${'{'.repeat(1_000)}`)).toEqual({ problem: expect.stringMatching(/RFC 6570/) });
  });

  test('matches as a regular expression that tries all possibilities does', () => {
    const part = fc.constantFrom(
      ['a', 'a'],
      ['ab', 'ab'],
      ['/', '\\/'],
      ['?', '\\?'],
      ['{v}', '[^/,]+'],
      ['{v,w}', '[^/]+'],
      ['{+v}', '.+'],
      ['{v*}', '.+'],
      ['{.v}', '\\.[^/,]+'],
      ['{/v}', '\\/[^/,]+'],
      ['{?v}', '(?:\\?[^#]*)?'],
    );
    const parts = fc.array(part, { maxLength: 6 });
    const uri = fc
      .array(fc.constantFrom('a', 'b', '/', ',', '.', '?', '#'), { maxLength: 12 })
      .map((letters) => `x:${letters.join('')}`);
    fc.assert(
      fc.property(parts, fc.array(uri, { minLength: 20, maxLength: 20 }), (chosen, uris) => {
        const template = `x:${chosen.map(([text]) => text).join('')}`;
        const expected = new RegExp(`^x:${chosen.map(([, pattern]) => pattern).join('')}$`, 'u');
        for (const text of uris)
          expect([template, text, matches(template, text)]).toEqual([template, text, expected.test(text)]);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['adjacent variables', 'x://h{a}{b}{c}{d}!{e}', 'a'],
    ['reserved variables', 'x://h{+a}{+b}{+c}!{+d}', 'a'],
    ['literals that are everywhere', 'x://h{a}a{b}a{c}a{d}a{e}a{f}a{g}!{h}', 'a'],
    ['a literal that nearly fits everywhere', `x://h{a*}${'ab'.repeat(400)}!{b*}`, 'ab'],
    ['queries', 'x://h{?a}{&b}{?c}{&d}{?e}!{f}', '?&'],
    ['paths', 'x://h{/a*}{/b*}{/c*}!{/d*}', '/'],
  ])('with %s takes time that grows with the length of the URI', (_what, template, unit) => {
    const parsed = parseUriTemplate(template);
    if ('problem' in parsed) throw new Error(parsed.problem);
    const uri = `x://h${unit.repeat(8_192 / unit.length)}`;
    const started = performance.now();
    for (let at = 0; at < 10; at += 1) parsed.matches(uri);
    // About 10 ms; what tries possibilities one after the other needs years.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('is read or refused in a moment, whatever it is', () => {
    expect(() =>
      expectLinear(parseUriTemplate, { marks: ['x:', '{', '}', '{+', '*}', ',', '{a}', '{?'] }),
    ).not.toThrow();
  });

  test('takes any URI in a moment', () => {
    const parsed = parseUriTemplate('x:{a}x{+b}ax{c*}{?d}{&e}xx{/f}!{g}');
    if ('problem' in parsed) throw new Error(parsed.problem);
    const read = (text: string) => parsed.matches(`x:${text}`);
    expect(() =>
      expectLinear(read, { marks: ['x', 'a', 'ax', '/', '?', '&', '!', ','], chars: 64 * 1_024 }),
    ).not.toThrow();
  });
});
