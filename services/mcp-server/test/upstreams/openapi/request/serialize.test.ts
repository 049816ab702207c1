import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { fc } from '@toolmesh/shared/test-kit/property';
import {
  inCookie,
  inForm,
  inHeader,
  inPath,
  inQuery,
  type ParameterForm,
  type Place,
} from '../../../../src/upstreams/openapi/request/serialize.ts';

const form = (place: Place, style: string, explode: boolean): ParameterForm => ({
  name: 'color',
  place,
  style,
  explode,
  isJson: false,
});

const list = ['blue', 'black', 'brown'];
const object = { R: 100, G: 200, B: 150 };

describe('a parameter is written as the standard’s table of styles shows', () => {
  const paths: [string, boolean, unknown, string][] = [
    ['simple', false, 'blue', 'blue'],
    ['simple', false, list, 'blue,black,brown'],
    ['simple', false, object, 'R,100,G,200,B,150'],
    ['simple', true, object, 'R=100,G=200,B=150'],
    ['label', false, 'blue', '.blue'],
    ['label', false, list, '.blue,black,brown'],
    ['label', true, list, '.blue.black.brown'],
    ['label', true, object, '.R=100.G=200.B=150'],
    ['matrix', false, 'blue', ';color=blue'],
    ['matrix', false, list, ';color=blue,black,brown'],
    ['matrix', true, list, ';color=blue;color=black;color=brown'],
    ['matrix', true, object, ';R=100;G=200;B=150'],
  ];
  test.each(paths)('in a path: %s, explode %s, %j', (style, explode, value, expected) => {
    expect(inPath(value, form('path', style, explode))).toBe(expected);
  });

  const queries: [string, boolean, unknown, string][] = [
    ['form', false, list, 'color=blue,black,brown'],
    ['form', true, list, 'color=blue&color=black&color=brown'],
    ['form', false, object, 'color=R,100,G,200,B,150'],
    ['form', true, object, 'R=100&G=200&B=150'],
    ['spaceDelimited', false, list, 'color=blue%20black%20brown'],
    ['pipeDelimited', false, object, 'color=R%7C100%7CG%7C200%7CB%7C150'],
    ['deepObject', true, object, 'color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150'],
    ['form', false, [], ''],
    ['form', true, true, 'color=true'],
  ];
  test.each(queries)('in a query: %s, explode %s, %j', (style, explode, value, expected) => {
    expect(inQuery(value, form('query', style, explode)).join('&')).toBe(expected);
  });

  test('in headers, cookies and forms', () => {
    expect(inHeader(list, form('header', 'simple', false))).toBe('blue,black,brown');
    expect(inHeader(object, form('header', 'simple', true))).toBe('R=100,G=200,B=150');
    expect(inCookie(list, form('cookie', 'form', true))).toBe('color=blue,black,brown');
    const fields = Object.entries({ a: 'x y', b: [1, 2], c: { d: 1 }, e: null });
    expect(inForm(fields.map(([name, value]) => ({ name, value, form: undefined })))).toBe(
      'a=x%20y&b=1&b=2&c=%7B%22d%22%3A1%7D',
    );
  });
});

/** Returns the result of `write`; undefined where it refuses the arguments as it should. */
function unlessRefused(write: () => string): string | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof MeshError && error.code === 'invalid_arguments') return undefined;
    throw error;
  }
}

describe('whatever is given', () => {
  const base = 'http://host/api';
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[./\\%2eEfF?#;@:]{0,12}$/),
    fc.constantFrom('..', '.', '%2e%2e', '..%2f', '..\\', '//evil.example', 'http://evil.example', '\ud800'),
  );

  test('a path value is one segment of the path, or is refused', () => {
    fc.assert(
      fc.property(nasty, fc.constantFrom('simple', 'label', 'matrix'), (value, style) => {
        const text = unlessRefused(() => inPath(value, form('path', style, false)));
        fc.pre(text !== undefined);
        const url = new URL(`${base}/${text}/end`);
        expect(url.origin).toBe('http://host');
        expect(url.pathname.split('/')).toHaveLength(4);
        expect(url.pathname).toMatch(/^\/api\/.*\/end$/);
        expect(url.search + url.hash).toBe('');
      }),
    );
  });

  test('a query value is read as it was given', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (value, values) => {
        const query = new URLSearchParams(inQuery(value, form('query', 'form', true)).join('&'));
        expect([...query]).toEqual([['color', value]]);
        const many = new URLSearchParams(inQuery(values, form('query', 'form', true)).join('&'));
        expect(many.getAll('color')).toEqual(values);
      }),
    );
  });

  test('a header value has no line of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const text = unlessRefused(() => inHeader(value, form('header', 'simple', false)));
        expect(text ?? '').toMatch(/^[\t\x20-\x7e]*$/);
      }),
    );
  });
});
