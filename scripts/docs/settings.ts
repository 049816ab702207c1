import { fileURLToPath } from 'node:url';
import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { z } from 'zod';
import { SERVICES } from '../../mesh/services.ts';
import { settingsSchema } from '../service-definition.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Set for each service by whoever starts it, so they have no place in a file that all services read. */
const PER_PROCESS = new Set(['HOST', 'PORT', 'AUTH']);

/** One setting as the documentation shows it. */
export interface Setting {
  readonly name: string;
  /** As one would write it in the environment; undefined where there is none. */
  readonly fallback: string | undefined;
  readonly description: string;
  readonly isSecret: boolean;
}

const Property = z.object({
  default: z.unknown().optional(),
  description: z.string().default(''),
  isSecret: z.boolean().default(false),
});

/** Lists the settings of a schema, with their defaults and descriptions, in the schema's order. */
export function settingsOf(schema: z.ZodObject): readonly Setting[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, property]) => {
    const { default: fallback, ...rest } = Property.parse(property);
    return { name, fallback: written(fallback), ...rest };
  });
}

function written(value: unknown): string | undefined {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return undefined;
  return (typeof value === 'string' ? value : JSON.stringify(value)).replace(ROOT, '');
}

/** Reads the settings of every service: its own ones, and those of the kit whose default it changes. */
export async function readSettings(): Promise<ReadonlyMap<string, readonly Setting[]>> {
  const common = new Map(commonSettings().map((setting) => [setting.name, setting]));
  const own = ({ name, fallback }: Setting) => name !== 'PORT' && common.get(name)?.fallback !== fallback;
  const entries = SERVICES.map(async ({ name }) => {
    const settings = settingsOf(await settingsSchema(name));
    return [name, settings.filter((setting) => !common.has(setting.name) || own(setting))] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Lists the settings that every service has. */
export const commonSettings = (): readonly Setting[] => settingsOf(serviceConfig(0, {}));

/** Writes settings as a Markdown table. */
export function settingsTable(settings: readonly Setting[]): string {
  const rows = settings.map(
    ({ name, fallback, description }) => `| \`${name}\` | ${shown(name, fallback)} | ${description} |`,
  );
  return ['| setting | default | |', '|---|---|---|', ...rows].join('\n');
}

/** Writes names, defaults and services of all settings as a Markdown table (contract, section 8). */
export function settingNamesTable(byService: ReadonlyMap<string, readonly Setting[]>): string {
  const rows = commonSettings().map(
    ({ name, fallback }) => `| every service | \`${name}\` | ${shown(name, fallback)} |`,
  );
  for (const [service, settings] of byService) {
    rows.push(...settings.map(({ name, fallback }) => `| ${service} | \`${name}\` | ${shown(name, fallback)} |`));
  }
  return ['| service | setting | default |', '|---|---|---|', ...rows].join('\n');
}

/** Writes the rows of mesh/settings.ts. */
export function settingRows(byService: ReadonlyMap<string, readonly Setting[]>): string {
  return [['*', commonSettings()] as const, ...byService]
    .flatMap(([service, settings]) =>
      settings.map(
        ({ name, isSecret }) => `  { service: '${service}', name: '${name}'${isSecret ? ', isSecret: true' : ''} },`,
      ),
    )
    .join('\n');
}

function shown(name: string, fallback: string | undefined): string {
  if (name === 'PORT') return 'its own';
  return fallback === undefined ? '' : `\`${fallback}\``;
}

/**
 * Writes all settings that services may share as the lines of an `.env` file, commented out. A setting whose default
 * differs between services has no value there: taking its comment sign away must not change what another service does.
 */
export function environmentLines(byService: ReadonlyMap<string, readonly Setting[]>): string {
  const groups = [['every service', commonSettings()] as const, ...byService];
  const fallbacks = new Map<string, Map<string, string>>();
  for (const [service, settings] of groups) {
    for (const { name, fallback = '' } of settings) {
      fallbacks.set(name, (fallbacks.get(name) ?? new Map<string, string>()).set(service, fallback));
    }
  }
  const seen = new Set(PER_PROCESS);
  return groups
    .map(([service, settings]) => {
      const fresh = settings.filter(({ name }) => !seen.has(name));
      for (const { name } of fresh) seen.add(name);
      const lines = fresh.map((setting) => environmentLine(setting, fallbacks.get(setting.name)));
      return fresh.length === 0 ? '' : [`## ${service}`, ...lines].join('\n');
    })
    .filter((group) => group !== '')
    .join('\n\n');
}

function environmentLine(
  { name, fallback = '', description }: Setting,
  byService: ReadonlyMap<string, string> = new Map(),
) {
  const differs = new Set(byService.values()).size > 1;
  const defaults = [...byService].map(([service, value]) => `${value} (${service})`).join(', ');
  const comment = differs ? `${description} Default: ${defaults}.` : description;
  return `# ${comment.replaceAll('`', '')}\n#${name}=${differs ? '' : fallback}`;
}
