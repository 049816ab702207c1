import { SOURCE_META_KEY } from '@toolmesh/shared/mcp/meta';
import type { McpTool } from '@toolmesh/shared/mcp/protocol';
import type { ToolAnnotations } from '@toolmesh/shared/contracts/tool';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { Upstream } from '../upstreams/upstream.ts';

/** The texts and hints that an entry of mesh.json gives to tools, by the upstream's own names. */
export type TextOverrides = Readonly<
  Record<
    string,
    {
      readonly name?: string | undefined;
      readonly title?: string | undefined;
      readonly description?: string | undefined;
      readonly annotations?: Partial<ToolAnnotations> | undefined;
    }
  >
>;

interface Source {
  readonly upstream: Pick<Upstream, 'name' | 'status' | 'lastError'>;
  readonly prefix: string;
  readonly overrides: TextOverrides;
}

const MAX_TITLE = 256;
const NEEDS_TASKS = 'It runs only as a task of MCP, and Toolmesh has no tasks yet: a call is refused.';

/** Returns a listed tool as the hub offers it: under `name`, with its source, and with the texts of mesh.json. */
export function describeTool(listed: McpTool, name: string, { upstream, prefix, overrides }: Source) {
  const override = (Object.hasOwn(overrides, listed.name) && overrides[listed.name]) || {};
  const { title, description, annotations } = override;
  const needsTasks = isRecord(listed['execution']) && listed['execution']['taskSupport'] === 'required';
  const said = description ?? listed.description;
  const whole = needsTasks ? [said, NEEDS_TASKS].filter(Boolean).join('\n\n') : said;
  const isChanged = override.name === undefined && `${prefix}${listed.name}` !== name;
  const tool: McpTool = {
    ...listed,
    name,
    ...(isChanged ? titleFor(listed, name, prefix) : {}),
    ...(title === undefined ? {} : { title }),
    ...(whole === undefined ? {} : { description: whole }),
    ...(annotations === undefined ? {} : { annotations: { ...listed.annotations, ...annotations } }),
    _meta: {
      ...listed._meta,
      [SOURCE_META_KEY]: { ...sourceIn(upstream), ...(isChanged ? { name: listed.name } : {}) },
    },
  };
  return { tool, needsTasks };
}

/** Returns what a tool says of its upstream. */
const sourceIn = ({ name: server, status, lastError }: Source['upstream']) => ({
  server,
  status,
  ...(status === 'up' || lastError === undefined ? {} : { reason: lastError }),
});

/** Returns the own name of a tool or prompt as its title, if the hub had to change it and it has no other title. */
export function titleFor(
  { name: original, title, annotations }: { readonly name: string; readonly [key: string]: unknown },
  name: string,
  prefix: string,
): { readonly title?: string } {
  const hasTitle = isTitle(title) || (isRecord(annotations) && isTitle(annotations['title']));
  if (hasTitle || original.trim() === '' || `${prefix}${original}` === name) return {};
  return { title: original.slice(0, MAX_TITLE) };
}

const isTitle = (title: unknown): boolean => typeof title === 'string' && title !== '';
