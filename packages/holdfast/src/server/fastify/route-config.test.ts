import Fastify from 'fastify';
import { holdfast, type HoldfastFastifyOptions } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { describe, expect, test, vi } from 'vitest';

/** What a POST to a route of this config is answered. */
async function answerOf(given: unknown, options: HoldfastFastifyOptions) {
  const app = Fastify();
  app.register(holdfast, options);
  const handler = vi.fn<() => Promise<string>>(async () => 'done');
  app.post('/charge/:id', { config: { holdfast: given } as object }, handler);
  const headers = { 'idempotency-key': 'k1' };
  const { statusCode, body } = await app.inject({ method: 'POST', url: '/charge/7', headers });
  await app.close();
  return [statusCode, body, handler.mock.calls.length];
}

describe('the config of a route', () => {
  test.each([
    [true, 'config.holdfast must be an object, such as { idempotent: true }'],
    [{ idempotant: true }, 'config.holdfast.idempotant is not an option; known is idempotent'],
  ])('is told what is wrong with it: %j', async (given, message) => {
    for (const options of [{ idempotency: { store: memoryStore() } }, {}]) {
      expect(await answerOf(given, options)).toEqual([500, expect.stringContaining(message), 0]);
    }
  });

  test('is refused where it asks for what the plugin was not given, and does not run', async () => {
    const message =
      'holdfast: POST /charge/:id is to be idempotent, and the plugin has no idempotency';
    const refused = [500, expect.stringContaining(message), 0];
    for (const idempotent of [true, {}, { required: true }]) {
      expect(await answerOf({ idempotent }, {})).toEqual(refused);
    }
    for (const given of [undefined, {}, { idempotent: false }]) {
      expect(await answerOf(given, {})).toEqual([200, 'done', 1]);
    }
  });
});
