import { expect, test } from '@jest/globals';
import { MeshError } from '../../kit/faults/errors.ts';
import { createConnectionHolder } from '../../mcp/client/connection-holder.ts';

/** A holder whose connects end when the test says so. */
function createHeld() {
  const connects: PromiseWithResolvers<{ close(): Promise<void> }>[] = [];
  const holder = createConnectionHolder(() => {
    const connect = Promise.withResolvers<{ close(): Promise<void> }>();
    connects.push(connect);
    return connect.promise;
  });
  const succeed = () => connects.at(-1)?.resolve({ close: async () => {} });
  const fail = (error: Error) => connects.at(-1)?.reject(error);
  return { holder, connects, succeed, fail };
}

const late = () => new MeshError('upstream_timeout', 'The server did not accept a connection in time');

test('a task that joined a connect which failed tries once by itself, the one that began it does not', async () => {
  const { holder, connects, succeed, fail } = createHeld();
  const first = holder.withConnection(async () => 'first').catch((error: Error) => error.message);
  const joined = Promise.all(['a', 'b'].map((name) => holder.withConnection(async () => name)));
  expect(connects).toHaveLength(1);
  fail(late());
  expect(await first).toMatch('did not accept a connection in time');
  expect(connects).toHaveLength(2);
  succeed();
  expect(await joined).toEqual(['a', 'b']);
});

test('a task tries no third time, and not at all what the server has refused', async () => {
  const { holder, connects, fail } = createHeld();
  const messageOf = (work: Promise<unknown>) => work.catch((error: Error) => error.message);
  const begun = [1, 2].map(() => messageOf(holder.withConnection(async () => 'never')));
  fail(late());
  await begun[0];
  fail(late());
  expect(await begun[1]).toMatch('did not accept a connection in time');
  expect(connects).toHaveLength(2);

  const refused = [1, 2].map(() => messageOf(holder.withConnection(async () => 'never')));
  fail(new MeshError('unauthorized', 'The key is wrong'));
  expect(await Promise.all(refused)).toEqual(['The key is wrong', 'The key is wrong']);
  expect(connects).toHaveLength(3);
});
