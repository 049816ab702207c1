import { describe, expect, test } from '@jest/globals';
import { removeFromJsonc, setInJsonc } from '../../src/mesh-config/document/edit-jsonc.ts';
import { parseJsonc } from '../../src/mesh-config/document/jsonc.ts';

const NEW = { command: 'npx', args: ['-y', 'x'], env: { KEY: '${KEY}' } };

const FULL = `{
  // mine
  "mcpServers": {
    "a": { "url": "http://a.test" }, // of a
    /* the second */
    "b": { "url": "http://b.test" }, // of b
  },
  "sets": {}
}
`;

const TEXTS = {
  'with comments and trailing commas': FULL,
  'without trailing commas': '{\n    "mcpServers": {\n        "a": {},\n        "b": {} // last\n    }\n}\n',
  'in one line': '{"mcpServers":{"a":{},"b":{}}}',
  'with tabs and CRLF': '{\r\n\t"mcpServers": {\r\n\t\t"a": {},\r\n\t\t"b": {}\r\n\t}\r\n}\r\n',
  'with an empty object': '{\n  "mcpServers": {}\n}\n',
  'with other keys alone': '{\n  "servers": { "a": {} }\n}\n',
  'with nothing': '{}',
};

describe('an edit of JSON with comments', () => {
  test.each(Object.entries(TEXTS))(
    '%s: adds, replaces and removes one value, and no other character is lost',
    (_kind, text) => {
      const added = setInJsonc(text, ['mcpServers', 'new'], NEW);
      expect(parseJsonc(added).value).toMatchObject({ mcpServers: { new: NEW } });
      for (const line of text.split(/\r?\n/).filter((whole) => /"[ab]"/.test(whole) && !text.startsWith('{"'))) {
        expect(added).toContain(line.replace('{} // last', '{}').trim());
      }
      const again = setInJsonc(added, ['mcpServers', 'new'], { url: 'http://n.test' });
      expect(again).toBe(added.replace(/\{[^{}]*"command"[^]*?KEY\}"[^}]*\}\s*\}/, '{ "url": "http://n.test" }'));
      const removed = removeFromJsonc(again, ['mcpServers', 'new']);
      expect(parseJsonc(removed).value).toEqual({ mcpServers: {}, ...Object(parseJsonc(text).value) });
    },
  );

  test('puts a new value after the comment of the last one, in the form of the file', () => {
    expect(setInJsonc(FULL, ['mcpServers', 'new'], NEW)).toBe(
      FULL.replace(
        '// of b\n',
        `// of b
    "new": {
      "command": "npx",
      "args": ["-y", "x"],
      "env": { "KEY": "\${KEY}" }
    },
`,
      ),
    );
  });

  test('removes a value with the comment on its line, and leaves those of others', () => {
    expect(removeFromJsonc(FULL, ['mcpServers', 'a'])).toBe(
      FULL.replace('\n    "a": { "url": "http://a.test" }, // of a', ''),
    );
    expect(removeFromJsonc('{"a":1,"b":2}', ['b'])).toBe('{"a":1}');
    expect(removeFromJsonc('{"list":[{"name":"a"},{"name":"b"}]}', ['list', 0])).toBe('{"list":[{"name":"b"}]}');
  });
});
