import { fileURLToPath } from 'node:url';
import { ask, findProgram } from './find-program.ts';
import type { SystemLanguage } from './system-language.ts';

const HOME = '/opt/bash';

/**
 * Bash, with the programs that the jail shows (`system-root.ts`). A session keeps its variables, functions and folder.
 * git finds a name to commit by, and may work in `/work`, whose owner is another user than the program's.
 */
export const BASH: SystemLanguage = {
  language: 'bash',
  cure: 'apt-get install bash',
  find: async () => {
    const path = await findProgram('bash');
    const [version] = (path === undefined ? undefined : await ask(path, ['-c', 'echo "${BASH_VERSION%%(*}"'])) ?? [];
    if (version === undefined) return undefined;
    return {
      name: 'bash',
      languages: ['bash'],
      mounts: [{ from: fileURLToPath(new URL('./bash', import.meta.url)), to: HOME }],
      interpreter: {
        command: ['/usr/bin/bash', `${HOME}/session.bash`],
        environment: {
          GIT_CONFIG_COUNT: '3',
          GIT_CONFIG_KEY_0: 'safe.directory',
          GIT_CONFIG_VALUE_0: '*',
          GIT_CONFIG_KEY_1: 'user.name',
          GIT_CONFIG_VALUE_1: 'sandbox',
          GIT_CONFIG_KEY_2: 'user.email',
          GIT_CONFIG_VALUE_2: 'sandbox@localhost',
          GIT_TEMPLATE_DIR: '',
          GIT_PAGER: 'cat',
        },
        version,
        takes: 'path',
        name: 'main.sh',
      },
    };
  },
};
