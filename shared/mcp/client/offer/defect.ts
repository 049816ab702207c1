import type { Offer } from '../../protocol.ts';

/** Something in the lists of a server that is not as MCP has it. */
export interface Defect {
  /** `list`: a whole list, named by its method. */
  readonly kind: 'tool' | 'prompt' | 'resource' | 'template' | 'operation' | 'credential' | 'list';
  readonly name: string;
  /** In words for an operator. */
  readonly reason: string;
  /** `mended`: it is offered without what was wrong. `left_out`: it is not offered. `missing`: mesh.json does not have it. */
  readonly action: 'mended' | 'left_out' | 'missing';
}

/** The lists of a server as they can be offered, with what is wrong with those that it sent. */
export interface ReadOffer extends Offer {
  readonly defects: readonly Defect[];
  /** The lists that could not be read. Undefined: none. */
  readonly failed?: ReadonlySet<ListName> | undefined;
}

/** The name of a list, as its result has it. */
export type ListName = keyof Offer;

/** The request for each list. */
export const METHOD_OF_LIST = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
} as const satisfies Record<ListName, string>;

export const LIST_NAMES = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const satisfies readonly ListName[];

/** The lists of a server that offers nothing, or that has not been reached yet. */
export const NOTHING_READ: ReadOffer = { tools: [], prompts: [], resources: [], resourceTemplates: [], defects: [] };
