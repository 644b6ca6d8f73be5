import { describe, expect, test } from 'vitest';

import { type Case, found, type Json, layer, placeOf } from '../../../test/cases.ts';
import { fleetOf } from '../../spec/fleet.ts';
import { audit } from '../audit.ts';
import type { Finding } from '../finding.ts';

/** Calls of web to stock, one under each of these policies. */
function calls(...policies: (Json | string)[]): Case {
  return { web: { calls: policies.map((policy) => ({ to: 'stock', policy })) } };
}

function all(id: string, ...given: Case[]): readonly Finding[] {
  const { web, ...rest } = Object.assign({}, ...given) as Case;
  const merged = Object.assign({}, ...given.map((one) => one.web ?? {})) as Json;
  return found({ ...rest, ...(web === undefined ? {} : { web: merged }) }).filter(
    ({ rule }) => rule === id,
  );
}

/** Where, how much, and of what. */
function said(findings: readonly Finding[]): readonly unknown[] {
  return findings.map(({ at, value, message }) => [at, value, message.split(': ')[0]]);
}

const slots = (maxConcurrent: number): Json => ({ bulkhead: { maxConcurrent } });

const BOTH = 'web > stock and web > stock (2)';

const fixesOf = (id: string, ...given: Case[]) => all(id, ...given).map(({ fix }) => fix);
const alike = (others: string) =>
  ` Do the same for ${others}: calls under one policy share a breaker, a budget and a bulkhead.`;

describe('a fix of one of several calls that share a dependency', () => {
  const herd = { breaker: { cooldownJitter: 0 } };
  const steady = { retry: { backoff: { jitter: 'none' } } };
  const replicas = { replicas: 20 };

  test('names the others, which would else share no more', () => {
    const [one] = fixesOf('probes-herd', { web: replicas }, calls(herd));
    expect(one).not.toContain('Do the same');
    const three = fixesOf('probes-herd', { web: replicas }, calls(herd, herd, herd));
    expect(three).toEqual([one + alike('web > stock (2) and web > stock (3)')]);
    const [single] = fixesOf('no-jitter', calls(steady));
    expect(fixesOf('no-jitter', calls(steady, steady, herd))).toEqual([
      single + alike('web > stock (2)'),
      single + alike('web > stock'),
    ]);
  });

  test('has none to name where they have one policy by its name, or it is no policy that is changed', () => {
    const spec = {
      services: { web: { replicas: 20, calls: [] as Json[] }, stock: {} },
      users: { shoppers: { to: 'web', rate: 20 } },
      policies: { herd },
    };
    const named = { to: 'stock', policy: 'herd' };
    const auditOf = (...policies: Json[]) => {
      spec.services.web.calls = policies;
      const { findings } = audit(fleetOf(spec), { placeOf });
      return findings.filter(({ rule }) => rule === 'probes-herd').map(({ fix }) => fix);
    };
    const [plain] = auditOf(named);
    expect(auditOf(named, named)).toEqual([plain]);
    expect(auditOf(named, { to: 'stock', policy: herd })).toEqual([
      plain + alike('web > stock (2)'),
    ]);
    const keyed = { web: { calls: [1, 2].map(() => ({ to: 'stock', keyed: true })) } };
    const fixes = fixesOf('key-not-remembered', keyed);
    expect(fixes).toHaveLength(2);
    expect(fixes.join(' ')).not.toContain('Do the same');
  });
});

describe('calls under one policy share', () => {
  test('a breaker, which sees what all of them attempt', () => {
    const id = 'breaker-never-opens';
    const policy = { retry: false };
    const other = { retry: false, timeout: '900ms' };
    // 30 s of 0.4 calls a second are 12 calls, and two times that are enough for 20.
    const users = { users: { rate: 0.4 } };
    expect(said(all(id, users, calls(policy)))).toEqual([['web > stock', 12, 'web > stock']]);
    expect(all(id, users, calls(policy, policy))).toEqual([]);
    expect(said(all(id, users, calls(policy, other)))).toEqual([
      ['web > stock', 12, 'web > stock'],
      ['web > stock (2)', 12, 'web > stock (2)'],
    ]);
    const quiet = { users: { rate: 0.2 } };
    expect(said(all(id, quiet, calls(policy, policy)))).toEqual([['web > stock', 12, BOTH]]);
  });

  test('what their budget earns, and its cap per minute', () => {
    const budget = { ratio: 0.5, capPerMinute: 6, earnedBy: 'call' };
    const policy = { retry: { budget } };
    // 0.4 calls a second and 0.1 retries, in 30 s.
    const findings = all('breaker-never-opens', { users: { rate: 0.2 } }, calls(policy, policy));
    expect(said(findings)).toEqual([['web > stock', 15, BOTH]]);
  });

  test('a bulkhead, which holds the calls of all of them', () => {
    const id = 'bulkhead-by-littles-law';
    const stock = { stock: { serviceTime: '80ms' } };
    expect(all(id, stock, calls(slots(2)))).toEqual([]);
    expect(said(all(id, stock, calls(slots(2), slots(2))))).toEqual([['web > stock', 3.2, BOTH]]);
    expect(all(id, stock, calls(slots(2), slots(3)))).toEqual([]);
    // A hundred and sixty times what one call needs, and forty times what four do.
    expect(all(id, stock, calls(slots(256)))).toHaveLength(1);
    expect(all(id, stock, calls(...Array.from({ length: 4 }, () => slots(256))))).toEqual([]);
  });

  test('a floor of their budget, and whatever their policies the floor of their sidecar', () => {
    const id = 'budget-floors-add-up';
    const many = { web: { replicas: 1000 }, stock: { workers: 1000 }, users: { rate: 1 } };
    const floor = { retry: { budget: { floorPerSecond: 60 } } };
    const other = { retry: { maxAttempts: 2, budget: { floorPerSecond: 60 } } };
    expect(all(id, many, calls(floor, floor))).toEqual([]);
    expect(all(id, many, calls(floor, other)).map(({ value }) => value)).toEqual([120_000]);
    const meshed = {
      web: { replicas: 6 },
      stock: { workers: 10, serviceTime: '10ms' },
      layers: [layer({ maxAttempts: 2, extraShare: 0.25, implicit: true, concurrentFloor: 3 })],
    };
    const bare = { retry: false };
    for (const policies of [[bare], [bare, bare], [bare, { ...bare, timeout: '2s' }]]) {
      expect(all(id, meshed, calls(...policies)).map(({ value }) => value)).toEqual([1800]);
    }
  });

  test('what is said of the breaker or the bulkhead, which is said once', () => {
    const replicas = { web: { replicas: 20 } };
    const herd = { breaker: { cooldownJitter: 0 } };
    const probes = said(all('probes-herd', replicas, calls(herd, herd, herd)));
    expect(probes).toEqual([['web > stock', 20, `${BOTH} and web > stock (3)`]]);
    const recovery = { stock: { recoveryTime: '1m' } };
    const early = said(all('cooldown-shorter-than-recovery', recovery, calls({}, {})));
    expect(early).toEqual([['web > stock', 30_000, BOTH]]);
    const none = { bulkhead: false };
    const unbounded = said(all('unbounded-retry-concurrency', calls(none, none)));
    expect(unbounded).toEqual([['web > stock', null, BOTH]]);
    const routes = [
      { to: 'east', times: 0.7 },
      { to: 'west', times: 0.3 },
    ];
    const routing = { stock: { calls: routes }, services: { east: {}, west: {} } };
    expect(said(all('shared-breaker', routing, calls({}, {})))).toEqual([['web > stock', 2, BOTH]]);
  });
});
