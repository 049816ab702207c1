import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { NOTHING_READ } from '@toolmesh/shared/mcp/client/offer/defect';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createResourceSubscriptions } from '../src/resource-subscriptions.ts';
import type { Upstream } from '../src/upstreams/upstream.ts';

/** An upstream that notes the resources that it was subscribed to, each time. */
function upstreamOf(name: string) {
  const given: (readonly string[])[] = [];
  const upstream: Upstream = {
    name,
    kind: 'url',
    status: 'up',
    breaker: 'closed',
    lastError: undefined,
    offer: NOTHING_READ,
    request: () => Promise.reject(new MeshError('unavailable', 'is not called')),
    subscribe: (uris) => void given.push([...uris]),
    drain: async () => {},
    close: async () => {},
  };
  return { upstream, given };
}

describe('subscriptions of resources', () => {
  test('reach the owner of each, follow its change, and are repeated to nobody', async () => {
    const [one, two] = [upstreamOf('one'), upstreamOf('two')];
    const owners = new Map([['x:1', one.upstream]]);
    let lookUps = 0;
    const subscriptions = createResourceSubscriptions({
      upstreams: () => [one.upstream, two.upstream],
      ownerOf(uri) {
        lookUps += 1;
        return owners.get(uri);
      },
    });
    const end = subscriptions.subscribe(new Set(['x:1', 'x:2']));
    await until(() => one.given.length === 1);
    expect([one.given, two.given]).toEqual([[['x:1']], []]);
    subscriptions.subscribe(new Set(['x:1']));
    await until(() => lookUps === 2);

    owners.set('x:2', two.upstream);
    subscriptions.ownersChanged();
    await until(() => two.given.length === 1);
    expect([one.given, two.given]).toEqual([[['x:1']], [['x:2']]]);
    end();
    await until(() => two.given.length === 2);
    expect([one.given, two.given]).toEqual([[['x:1']], [['x:2'], []]]);
  });

  test('pass on changes that the owner of a resource reports, and nobody else', async () => {
    const [one, two] = [upstreamOf('one'), upstreamOf('two')];
    const subscriptions = createResourceSubscriptions({
      upstreams: () => [one.upstream, two.upstream],
      ownerOf: () => one.upstream,
    });
    const updated: string[] = [];
    subscriptions.onUpdated((uri) => updated.push(uri));
    subscriptions.subscribe(new Set(['x:1']));
    await until(() => one.given.length === 1);
    subscriptions.notifyUpdated('x:1', 'two');
    subscriptions.notifyUpdated('x:unknown', 'one');
    expect(updated).toEqual([]);
    subscriptions.notifyUpdated('x:1', 'one');
    expect(updated).toEqual(['x:1']);
  });

  test('of a thousand resources that take long to look up leave turns to others', async () => {
    const one = upstreamOf('one');
    const subscriptions = createResourceSubscriptions({
      upstreams: () => [one.upstream],
      ownerOf() {
        const end = performance.now() + 1;
        while (performance.now() < end);
        return one.upstream;
      },
    });
    subscriptions.subscribe(new Set(Array.from({ length: 1_000 }, (_, at) => `x:${at}`)));
    let turns = 0;
    await until(() => {
      turns += 1;
      return one.given.length > 0;
    });
    expect(turns).toBeGreaterThan(3);
    expect(one.given[0]).toHaveLength(1_000);
  });
});
