import { composeBlocks } from './compose.ts';
import { declaredMetrics, metricsTable } from './metrics.ts';
import {
  commonSettings,
  environmentLines,
  readSettings,
  settingNamesTable,
  settingRows,
  settingsTable,
} from './settings.ts';

/** Texts that are made from the code, by the name that marks their place in a document. */
export type GeneratedTexts = ReadonlyMap<string, string>;

const MARKDOWN_BLOCK = /(?<=<!-- generated: (\S+) -->\n)[\s\S]*?(?=<!-- end -->)/g;
const LINE_BLOCK = /(?<=^ *(?:#|\/\/) generated: (\S+)\n)[\s\S]*?(?=^ *(?:#|\/\/) end\n)/gm;

/** Files besides Markdown that have such blocks. */
export const FILES_WITH_BLOCKS = ['.env.example', 'docker-compose.yml', 'mesh/settings.ts'];

/** Makes the texts of settings and metrics, which need nothing but the sources. */
export async function generateTexts(): Promise<GeneratedTexts> {
  const settings = await readSettings();
  return new Map([
    ['metrics', metricsTable(declaredMetrics())],
    ['settings-names', settingNamesTable(settings)],
    ['settings', settingsTable(commonSettings())],
    ...[...settings].map(([service, own]) => [`settings-${service}`, settingsTable(own)] as const),
    ['env', environmentLines(settings)],
    ['settings-table', settingRows(settings)],
    ...composeBlocks(commonSettings(), settings),
  ]);
}

/**
 * Replaces what stands between `<!-- generated: NAME -->` (elsewhere than in Markdown `# generated: NAME`, or with `//`)
 * and `end`. Names that
 * `texts` lacks are left alone. @throws Error for a name that is none of `known`.
 */
export function fillBlocks(document: string, texts: GeneratedTexts, known: ReadonlySet<string>): string {
  const fill = (before: string, name: string): string => {
    if (!known.has(name)) throw new Error(`Nothing generates "${name}"`);
    const text = texts.get(name);
    if (text === undefined) return before;
    return text === '' ? '' : `${text}\n`;
  };
  return document.replaceAll(MARKDOWN_BLOCK, fill).replaceAll(LINE_BLOCK, fill);
}
