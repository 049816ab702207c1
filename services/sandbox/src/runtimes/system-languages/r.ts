import { fileURLToPath } from 'node:url';
import { onlyExisting } from '../../jail/system-root.ts';
import { ask, findProgram } from './find-program.ts';
import type { SystemLanguage } from './system-language.ts';

/** Asks R for its folders and its version, a line each. */
const DESCRIBE =
  'cat(R.home(), R.home("share"), R.home("include"), R.home("doc"), .libPaths(), sep = "\\n");' +
  'cat("\\n", paste(R.version$major, R.version$minor, sep = "."), "\\n", sep = "")';

/** Configuration that R's folders link to, libraries of mathematics that a system chooses by links, and fonts for plots. */
const BESIDE = ['/etc/R', '/etc/alternatives', '/usr/share/fonts'];

const HOME = '/opt/r';

/** R without its front end, a script of the shell that only sets these variables. Plots come back as PNG files. */
export const R: SystemLanguage = {
  language: 'r',
  cure: 'apt-get install r-base-core',
  find: async () => {
    const front = await findProgram('Rscript');
    const lines = front === undefined ? undefined : await ask(front, ['--vanilla', '-e', DESCRIBE]);
    const [home, share, include, doc, ...rest] = lines?.filter((line) => line !== '') ?? [];
    const version = rest.at(-1);
    if (home === undefined || share === undefined || include === undefined || doc === undefined) return undefined;
    if (version === undefined) return undefined;
    const folders = outermost([home, share, include, ...rest.slice(0, -1), ...BESIDE]);
    const mounts = (await onlyExisting(folders)).map((path) => ({ from: path, to: path }));
    return {
      name: 'r',
      languages: ['r'],
      mounts: [...mounts, { from: fileURLToPath(new URL('./r', import.meta.url)), to: HOME }],
      interpreter: {
        command: [`${home}/bin/exec/R`, '--no-echo', '--no-restore', '--no-save', '--file={file}'],
        environment: {
          R_HOME: home,
          R_SHARE_DIR: share,
          R_INCLUDE_DIR: include,
          R_DOC_DIR: doc,
          LD_LIBRARY_PATH: `${home}/lib`,
          FONTCONFIG_FILE: `${HOME}/fonts.conf`,
          R_PROFILE: `${HOME}/profile.R`,
        },
        version,
        takes: 'file',
        name: 'main.R',
      },
    };
  },
};

/** Leaves out folders that are inside of others. */
const outermost = (folders: readonly string[]): readonly string[] =>
  [...new Set(folders)].filter((folder) => !folders.some((other) => folder.startsWith(`${other}/`)));
