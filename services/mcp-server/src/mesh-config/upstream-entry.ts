import { problemsOf } from '@toolmesh/shared/kit/faults/errors';
import { z } from 'zod';
import { type CommandConfig, CommandEntry } from './command-entry.ts';
import { type OpenApiConfig, OpenApiEntry } from './openapi-entry.ts';
import { type UrlConfig, UrlEntry } from './url-entry.ts';

export type UpstreamConfig = UrlConfig | CommandConfig | OpenApiConfig;

const KINDS = { url: UrlEntry, command: CommandEntry, openapi: OpenApiEntry } as const;

/** An entry of any kind. The key that is present selects the kind, so that problems are those of that kind alone. */
export const UpstreamEntry = z.record(z.string(), z.unknown()).transform((value, context): UpstreamConfig => {
  const kinds = (['url', 'command', 'openapi'] as const).filter((kind) => kind in value);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const came = kinds.length > 1 ? `both ${kinds.join(' and ')}` : 'none of them';
    context.issues.push({
      code: 'custom',
      message: `needs one of url, command and openapi; has ${came}`,
      input: value,
    });
    return z.NEVER;
  }
  const parsed = KINDS[kind].safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of problemsOf(parsed.error)) {
    context.issues.push({ code: 'custom', path: path === '' ? [] : path.split('.'), message, input: value });
  }
  return z.NEVER;
});
