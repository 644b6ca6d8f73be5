import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { fakeRun, get, holding } from '../../../test/holding.ts';
import { until } from '../../../test/serve.ts';

const SENT = { code: 'ERR_HTTP_HEADERS_SENT' };

/** What a handler may do with a head that it should leave alone. */
function changeHead(response: ServerResponse): void {
  response.statusCode = 500;
  expect(() => response.setHeader('X-A', 'late')).toThrow(expect.objectContaining(SENT));
  expect(() => response.appendHeader('X-A', 'late')).toThrow(expect.objectContaining(SENT));
  expect(() => response.removeHeader('X-A')).toThrow(expect.objectContaining(SENT));
}

describe('a handler that goes on after it has answered', () => {
  it('changes nothing of the answer that was recorded', async () => {
    const run = fakeRun();
    const { promise, resolve } = Promise.withResolvers<void>();
    run.durable = promise;
    const port = await holding(run, (response) => {
      response.writeHead(201, { 'X-A': 'first' }).end('done');
      changeHead(response);
      response.end('again');
    });
    const got = get(port);
    await until('the run is told', () => run.finished.length === 1);
    resolve();
    const { status, headers, body } = await got;
    expect([status, headers['x-a'], body]).toEqual([201, 'first', 'done']);
  });

  it('changes nothing of one that is too large to be kept either, and is told that it has begun', async () => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      response.setHeader('X-A', 'first');
      response.write('a'.repeat(1001));
      expect(response.headersSent).toBe(true);
      changeHead(response);
      response.end('b');
    });
    const { status, headers, body } = await get(port);
    expect([status, headers['x-a'], body]).toEqual([200, 'first', `${'a'.repeat(1001)}b`]);
    expect(run.unkept).toMatchObject([{ status: 200 }]);
  });

  it('has sent it already where that is durable at once', async () => {
    const run = { ...fakeRun(), finish: () => null };
    const port = await holding(run, (response) => {
      response.writeHead(201, { 'X-A': 'first' }).end('done');
      changeHead(response);
    });
    const { status, headers } = await get(port);
    expect([status, headers['x-a']]).toEqual([201, 'first']);
  });
});

describe('a handler that breaks its response off', () => {
  it.each([
    ['with an error', new Error('lost')],
    ['without', undefined],
  ])('%s leaves its outcome unknown, although its client is there', async (_what, error) => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      response.write('half of it');
      response.destroy(error);
      response.end('late');
    });
    await expect(get(port)).rejects.toThrow(/hang up/);
    expect(run.failed).toEqual([error ?? new Error('the handler has not answered')]);
    expect(run.finished).toEqual([]);
  });

  it('after it has answered changes nothing of what is recorded', async () => {
    const run = fakeRun();
    const { promise, resolve } = Promise.withResolvers<void>();
    run.durable = promise;
    const port = await holding(run, (response) => {
      response.end('done');
      response.destroy();
    });
    await expect(get(port)).rejects.toThrow(/hang up/);
    resolve();
    expect([run.finished.length, run.failed]).toEqual([1, []]);
  });
});
