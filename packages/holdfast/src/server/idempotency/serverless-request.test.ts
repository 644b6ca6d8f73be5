import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { READERS } from '../../../test/request-readers.ts';
import { readBody } from './node-request.ts';

/** As adapters of functions make one of an event (serverless-http): complete, with a body that it makes when it is read. */
class EventRequest extends IncomingMessage {
  override complete = true;
  readonly #body: string;

  constructor(body: string, length = String(Buffer.byteLength(body))) {
    super(new Socket());
    this.#body = body;
    this.headers = { 'content-length': length };
  }

  override _read(): void {
    this.push(this.#body);
    this.push(null);
  }
}

describe('the body of an event', () => {
  test.each(Object.entries(READERS))('is read, and read again by %s', async (_name, reader) => {
    const request = new EventRequest('{"cents":995}');
    const body = await readBody(request, 1000);
    expect(body).toEqual({ kind: 'bytes', bytes: Buffer.from('{"cents":995}') });
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(await reader(request)).toBe('{"cents":995}');
  });

  test('has a bound, whatever its length was said to be', async () => {
    expect(await readBody(new EventRequest('a'.repeat(11), '5'), 10)).toEqual({
      kind: 'too-large',
    });
  });

  test('of which there is nothing is an error: else all requests would be equal', async () => {
    const request = new EventRequest('', '5');
    await expect(readBody(request, 1000)).rejects.toThrow('has nothing of its body');
  });
});
