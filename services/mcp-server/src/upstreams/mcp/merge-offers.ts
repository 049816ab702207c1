import type { ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';

/** Returns an offer with what others have besides: a process of a session may offer more than one that nobody has used. */
export function mergeOffers(offer: ReadOffer, others: readonly ReadOffer[]): ReadOffer {
  if (others.length === 0) return offer;
  const all = [offer, ...others];
  return {
    ...offer,
    tools: unique(
      all.flatMap(({ tools }) => tools),
      ({ name }) => name,
    ),
    prompts: unique(
      all.flatMap(({ prompts }) => prompts),
      ({ name }) => name,
    ),
    resources: unique(
      all.flatMap(({ resources }) => resources),
      ({ uri }) => uri,
    ),
    resourceTemplates: unique(
      all.flatMap(({ resourceTemplates }) => resourceTemplates),
      ({ uriTemplate }) => uriTemplate,
    ),
  };
}

/** Returns the first item of each key. */
function unique<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const isNew = !seen.has(keyOf(item));
    seen.add(keyOf(item));
    return isNew;
  });
}
