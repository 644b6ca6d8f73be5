import { describe, expect, test } from 'vitest';
import { fleetOf } from './fleet.ts';

/** Three scenarios, two of which bring a steady rate for a day. */
function asked(rate: unknown): () => unknown {
  const scenarios = { a: { duration: '24h' }, b: { duration: '24h' }, c: {} };
  return () => fleetOf({ services: { db: {} }, users: { u: { to: 'db', rate } }, scenarios });
}

describe('too many requests', () => {
  test('are told of once, however many scenarios bring them', () => {
    const message = 'users.u would send 864000000 requests; at most 100000000';
    expect(asked(10_000)).toThrow(new RegExp(`^${message}$`));
  });

  test('are not told of where the rate itself is wrong', () => {
    const range = 'must be a number from 0 to 1000000, got';
    expect(asked(Infinity)).toThrow(new RegExp(String.raw`^users\.u\.rate ${range} Infinity$`));
    const piece = String.raw`^users\.u\.rate\[0\]\.rate ${range} 1000000000000$`;
    expect(asked([{ at: 0, rate: 1e12 }])).toThrow(new RegExp(piece));
  });
});
