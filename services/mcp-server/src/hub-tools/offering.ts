import type { Catalogue } from '../catalogue.ts';

/** What a face shows: all upstreams as one, or a part of that. */
export type Offering = Pick<Catalogue, 'offer' | 'tool' | 'request' | 'ownerOfResource' | 'ownerOfPrompt' | 'onChange'>;
