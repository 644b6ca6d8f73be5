import { describe, expect, test } from 'vitest';
import { metrics } from '../client/metrics.ts';
import type { IdempotencyEvent } from './telemetry.ts';
import { outcomeOf, setting, Work } from '../../test/idempotency-setting.ts';

describe('an engine', () => {
  test('tells its own listener and the runtime’s of the same events, under its name', async () => {
    const heard: IdempotencyEvent[] = [];
    const { engine, runtime } = setting({ name: 'charges', onEvent: (event) => heard.push(event) });
    for (let i = 0; i < 2; i++) await engine.idempotent('k', () => 1);
    expect(heard).toMatchObject([
      { type: 'idempotency.opened', dependency: 'charges', how: 'claimed' },
      { type: 'idempotency.ended', dependency: 'charges', how: 'kept' },
      { type: 'idempotency.opened', dependency: 'charges', how: 'replayed' },
    ]);
    expect(runtime.sink.events).toEqual(heard);
  });

  test('does its work although its listener throws', async () => {
    const { engine } = setting({
      onEvent: () => {
        throw new Error('a listener’s own');
      },
    });
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    expect(await outcomeOf(engine.idempotent('k', work.run))).toMatchObject({ why: 'in-progress' });
    work.end(1);
    expect(await first).toBe(1);
  });
});

test('its metrics are among all metrics, under the prefix of all, and count its events', () => {
  const own = metrics.filter(({ from }) => from.startsWith('idempotency.'));
  expect(own.map(({ name }) => name)).toContain('holdfast.idempotency.requests');
  expect(own.every(({ name }) => name.startsWith('holdfast.idempotency.'))).toBe(true);
  expect(own.every(({ attributes }) => attributes.includes('dependency'))).toBe(true);
});
