import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runProcess } from '../packages/resolve/run-process.ts';

const LOCALEDEF = '/usr/bin/localedef';
/** Debian and Ubuntu have the sources in the package `locales`, Fedora in `glibc-locale-source`. */
const SOURCES = '/usr/share/i18n/locales';
const TIMEOUT_MS = 60_000;

/** The locales that programs ask for by name. */
const LOCALES = (
  'en_US en_GB de_DE de_AT de_CH fr_FR es_ES es_MX it_IT pt_BR pt_PT nl_NL pl_PL sv_SE da_DK nb_NO fi_FI cs_CZ hu_HU ' +
  'tr_TR ru_RU uk_UA el_GR he_IL ar_SA hi_IN en_IN th_TH ja_JP zh_CN zh_TW ko_KR'
).split(' ');

/** Compiles locales into `folder`, as `LOCPATH` names it; none where the system lacks their sources. */
export async function buildLocales(
  folder: string,
  { signal, advance }: { readonly signal: AbortSignal; readonly advance: (part: number) => void },
) {
  const there = existsSync(LOCALEDEF) ? LOCALES.filter((name) => existsSync(join(SOURCES, name))) : [];
  const built: string[] = [];
  const options = { env: { PATH: '/usr/bin:/bin' }, cwd: folder, timeoutMs: TIMEOUT_MS, signal };
  for (const name of there) {
    // Equal parts of two locales in one folder become one file, by hard links.
    const args = ['--no-archive', '-c', '-i', name, '-f', 'UTF-8', join(folder, `${name}.utf8`)];
    await runProcess([LOCALEDEF, ...args], options);
    advance(1 / there.length);
    if (!existsSync(join(folder, `${name}.utf8`, 'LC_NUMERIC'))) continue;
    // Programs leave the character set out, too.
    await symlink(`${name}.utf8`, join(folder, name));
    built.push(name);
  }
  return { locales: built };
}
