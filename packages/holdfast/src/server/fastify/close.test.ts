import Fastify from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { expect, test } from 'vitest';
import { tellingStore } from '../../../test/telling-store.ts';

test('a store of the plugin is closed when what runs has been kept, though no server waits for it', async () => {
  const { store, steps } = tellingStore();
  const begun = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<string>();
  const app = Fastify();
  app.register(holdfast, { idempotency: { store } });
  const config = { holdfast: { idempotent: true } };
  app.post('/charge', { config }, () => (begun.resolve(), goesOn.promise));
  // As with one whose client has gone, there is no connection that the server would wait for.
  const headers = { 'idempotency-key': 'k1' };
  const answer = app.inject({ method: 'POST', url: '/charge', headers }).then(({ body }) => body);
  await begun.promise;
  let isClosed = false;
  const closed = app.close().then(() => (isClosed = true));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect([isClosed, steps]).toEqual([false, []]);
  goesOn.resolve('done');
  await closed;
  expect([await answer, steps]).toEqual(['done', ['complete', 'close']]);
});
