import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SERVICES } from '../../../mesh/services.ts';
import { SETTINGS, settingsFor } from '../../../mesh/settings.ts';
import { environmentOf } from '../environment.ts';

const everything = {
  PATH: '/usr/bin',
  LC_ALL: 'C.UTF-8',
  AWS_SECRET_ACCESS_KEY: 'of nobody here',
  ...Object.fromEntries(SETTINGS.flatMap(({ name }) => [name, `${name}_FILE`].map((key) => [key, `of ${key}`]))),
};
const basics = ['LC_ALL', 'PATH'];

describe('the environment of a service', () => {
  test.each(SERVICES.map(({ name }) => name))('%s: the settings of its schema, their files and the basics', (name) => {
    const own = settingsFor(name).flatMap((setting) => [setting.name, `${setting.name}_FILE`]);
    expect(Object.keys(environmentOf(name, everything)).sort()).toEqual([...new Set([...own, ...basics])].sort());
  });

  test('of the hub has the variables that mesh.json names, too, and no other service has them', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'mesh-')), 'mesh.json');
    writeFileSync(path, '{"mcpServers":{"git":{"command":"git","env":{"TOKEN":"${GIT_TOKEN:-}"}}}}');
    const env = { ...everything, MESH_CONFIG: path, GIT_TOKEN: 'of git', OTHER_TOKEN: 'of another' };
    expect(environmentOf('mcp-server', env)).toMatchObject({ GIT_TOKEN: 'of git' });
    writeFileSync(
      path,
      `// as VS Code and Cursor write them
      {"inputs":[{"id":"a-key"}],"servers":{"a":{"url":"http://a.test","headers":{"A":"\${input:a-key}","B":"\${env:B_KEY}","C":"$C_KEY"}}}}`,
    );
    const keys = { A_KEY: 'a', B_KEY: 'b', C_KEY: 'c' };
    expect(environmentOf('mcp-server', { ...env, ...keys })).toMatchObject(keys);
    expect(environmentOf('mcp-server', env)).not.toHaveProperty('OTHER_TOKEN');
    expect(environmentOf('sandbox', env)).not.toHaveProperty('GIT_TOKEN');
  });

  test('of the hub names the data folders of all services, which no command may see', () => {
    const env = { CHAT_DATA_DIR: '/srv/chats', SANDBOX_DATA_DIR: '/srv/packages', MESH_PRIVATE_FOLDERS: '/srv/more' };
    expect(environmentOf('mcp-server', env)).toEqual({
      MESH_ENV_FILE: join(process.cwd(), '.env'),
      MESH_PRIVATE_FOLDERS: '/srv/more,/srv/chats,/srv/packages',
    });
  });

  test('has proxies where its schema has them, or where Node itself is told to use them', () => {
    const env = { HTTPS_PROXY: 'http://proxy:3128' };
    expect(environmentOf('sandbox', env)).toEqual(env);
    expect(environmentOf('time-client', env)).toEqual({});
    const forNode = { ...env, NODE_USE_ENV_PROXY: '1' };
    expect(environmentOf('time-client', forNode)).toEqual(forNode);
  });
});
