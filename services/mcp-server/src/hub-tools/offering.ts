import type { Catalogue } from '../catalogue.ts';

/** An offering, as a face shows it: all upstreams as one, or a part of that. */
export type Offering = Pick<Catalogue, 'offer' | 'tool' | 'request' | 'ownerOfResource' | 'ownerOfPrompt' | 'onChange'>;
