import { describe, expect, it } from 'vitest';
import { outcomeOf, setting } from '../../../test/idempotency-setting.ts';
import { type HttpKey, settle } from './settle.ts';

const REQUEST: HttpKey = { key: 'k', method: 'POST', route: '/charge' };
const NOT_DONE = { outcome: 'nothing-happened' } as const;

describe('settle', () => {
  it('knows a route by the target that a proxy is asked for, too', async () => {
    const { engine } = setting();
    const scope = ['http', 'POST', '/charge'];
    const opened = await engine.open({ key: 'k', scope, fingerprint: 'f' });
    if (opened.kind === 'run') await opened.execution.hold();
    const route = 'http://shop.test/charge';
    expect(await settle(engine, { ...REQUEST, route }, NOT_DONE)).toBe('settled');
  });

  it.each([
    [{ method: undefined }, 'settle.method must be a non-empty string, got undefined'],
    [{ route: '' }, 'settle.route must be a non-empty string, got ""'],
    [{ method: 'post' }, 'settle.method must be in capitals, got "post"'],
    [{ tenant: 7 }, 'settle.tenant must be a non-empty string, got 7'],
    [{ tenant: '' }, 'settle.tenant must be a non-empty string, got ""'],
    [{ tennant: 'acme' }, "settle.tennant is not an option; did you mean 'tenant'?"],
    [{ key: '' }, 'the key must be a string of 1 to 1024 characters, got one of 0'],
  ])('says what is wrong with a request: %#', async (wrong, message) => {
    const { engine, store } = setting();
    const request = { ...REQUEST, ...wrong } as HttpKey;
    await expect(settle(engine, request, NOT_DONE)).rejects.toThrow(message);
    expect(store.steps).toEqual([]);
  });

  it('says what is wrong with what is no request', async () => {
    const { engine, store } = setting();
    const message = 'settle must be given an object of options, got "k"';
    await expect(settle(engine, 'k' as never, NOT_DONE)).rejects.toThrow(message);
    expect(store.steps).toEqual([]);
  });

  it('keeps no answer that cannot be sent', async () => {
    const { engine, store } = setting();
    const result = { status: 201, headers: { 'X-Who': 'a\nb' } };
    const settling = outcomeOf(settle(engine, REQUEST, { outcome: 'done', result }));
    expect(String(await settling)).toContain('the header "X-Who" cannot be sent');
    expect(store.steps).toEqual([]);
  });
});
