/** Whoever does what a fix says is rid of the finding, and has no other for it. */
import { expect, test } from 'vitest';

import { type Case, found, type Json, layer, pooled, rule } from '../../../test/cases.ts';

interface Cure {
  readonly rule: string;
  readonly faulty: Case;
  /** What the fix names: the part behind the key. */
  readonly names: RegExp;
  readonly mended: (named: string) => Case;
}

const recovering = (recoveryTime: string, breaker: Json | boolean): Case => ({
  policy: { retry: { maxAttempts: 2 }, breaker },
  stock: { recoveryTime },
});
const queue = (max: number | string): Case => ({
  stock: { workers: 1000, serviceTime: '1ms', queue: { max } },
  policy: { timeout: '5s', deadline: '20s' },
  users: { patience: '30s' },
});
const tries = (deadline: string): Case => ({
  policy: { timeout: '29.94s', retry: { maxAttempts: 3 }, deadline },
  users: { patience: '5m' },
});
const remembering = (retention: string): Case => ({
  call: { keyed: true },
  policy: { timeout: '29.94s', retry: { maxAttempts: 3 }, deadline: '2m' },
  stock: { idempotency: { retention, lease: '1s' } },
  users: { patience: '5m' },
});
const rare = (breaker: Json): Case => ({ policy: { breaker }, users: { rate: 0.091 } });
const sequence = (timeout: string): Case => ({
  policy: { timeout, deadline: '1m' },
  stock: { calls: [{ to: 'east' }, { to: 'west' }] },
  services: { east: { serviceTime: '40ms' }, west: { serviceTime: '40ms' } },
  users: { patience: '5m' },
});

const busy = (stock: Json): Case => ({
  web: { workers: 50 },
  stock: { serviceTime: '60.3ms', replicas: 2, workers: 3, queue: { max: 5 }, ...stock },
  users: { rate: 417 },
});

const through = (most: number): Case => ({
  web: { workers: 50 },
  stock: { serviceTime: '60.3ms', workers: 50 },
  users: { rate: 417 },
  layers: [pooled(most)],
});

const COOLDOWN = /cooldown: ([^ ,]+)/;

const CURES: readonly Cure[] = [
  ...['90.2s', '3h'].map((recovery) => ({
    rule: 'cooldown-shorter-than-recovery',
    faulty: recovering(recovery, { cooldown: '1s', maxCooldown: '1m' }),
    names: /\{ (cooldown: .*) \}/,
    mended: (options: string) => recovering(recovery, optionsIn(options)),
  })),
  ...['5s', '90.2s', '3h'].map((recovery) => ({
    rule: 'retry-horizon-shorter-than-recovery',
    faulty: recovering(recovery, false),
    names: COOLDOWN,
    mended: (cooldown: string) => recovering(recovery, { cooldown }),
  })),
  {
    rule: 'queue-outlives-deadline',
    faulty: queue('unbounded'),
    names: /max: (\d+)/,
    mended: (max) => queue(Number(max)),
  },
  {
    rule: 'tries-do-not-fit',
    faulty: tries('60s'),
    names: /allow (\S+) in all/,
    mended: tries,
  },
  {
    rule: 'retention-shorter-than-retries',
    faulty: remembering('60s'),
    names: /retention: (\S+)/,
    mended: remembering,
  },
  {
    rule: 'breaker-never-opens',
    faulty: rare({ minimumCalls: 20 }),
    names: /`window` to ([^,]+)\./,
    mended: (window) => rare({ minimumCalls: 20, window }),
  },
  ...(['replicas', 'workers'] as const).map((key) => ({
    rule: 'load-exceeds-capacity',
    faulty: busy({}),
    names: new RegExp(`${key}: (\\d+)`),
    mended: (count: string) => busy({ [key]: Number(count) }),
  })),
  {
    rule: 'pool-by-littles-law',
    faulty: through(3),
    names: /http2MaxRequests: (\d+)/,
    mended: (most) => through(Number(most)),
  },
  {
    rule: 'sequence-does-not-fit',
    faulty: sequence('60ms'),
    names: /wait longer than (.+)\./,
    mended: sequence,
  },
];

/** `cooldown: 2s, maxCooldown: 1m` */
function optionsIn(text: string): Json {
  return Object.fromEntries(text.split(', ').map((option) => option.split(': ')));
}

test.each(CURES)('$rule (%#)', ({ rule: id, faulty, names, mended }) => {
  const fix = rule(id, faulty)?.fix ?? '';
  const [, named = `nothing in '${fix}'`] = names.exec(fix) ?? [];
  const known = new Set(found(faulty).map((finding) => finding.rule));
  const left = found(mended(named)).map((finding) => finding.rule);
  expect(left.filter((each) => each === id || !known.has(each))).toEqual([]);
});

/** Stock's calls under a policy, the first of which inherits a deadline. */
const calling = (policy: Json): Case => ({
  policy: { timeout: '1200ms' },
  stock: {
    calls: [
      { to: 'east', policy: { ...policy, deadline: '10s' } },
      { together: [{ to: 'west', policy }, { to: 'north' }] },
    ],
  },
  services: { east: {}, west: {}, north: {} },
});

test('timeout-inversion names all that takes too long, the worst first', () => {
  const finding = rule('timeout-inversion', calling({ timeout: '2s', deadline: false }));
  expect(finding).toMatchObject({
    severity: 'error',
    message: expect.stringContaining('a call of stock > west may take 6.3s') as string,
    fix: "Limit stock > west and stock > east to less than 1.2s in all, or set a `deadline` there, which the caller's remaining time then shortens; or let web > stock wait longer.",
  });
  const endless = rule('timeout-inversion', calling({ timeout: false, deadline: false }));
  expect(endless?.fix).not.toContain('wait longer');
});

test('several-retry-owners says how each kind of layer is switched off, and gets a budget', () => {
  const users = { policy: { retry: { budget: { ratio: 1 } } } };
  const sidecar = layer({ maxAttempts: 3 });
  const given: Case = { policy: { retry: false }, users, layers: [sidecar] };
  expect(rule('several-retry-owners', given)?.fix).toBe(
    'Leave the retries to shoppers > web if it may repeat the call safely, and switch those of web > stock off (`attempts: 0` in the VirtualService). Or give each of them a budget (`retry: { budget: { ratio: 0.1 } }`, `retryBudget`).',
  );
  const off = { ...given, layers: [layer({ ...sidecar, maxAttempts: 1 })] };
  expect(rule('several-retry-owners', off)).toBeUndefined();
});

test('several-retry-owners names the budgets of all owners, and the outermost as the one to keep', () => {
  const loose = { retry: { budget: { ratio: 1 } } };
  // In the file the inner caller comes before the outer one.
  const given: Case = {
    stock: { calls: [{ to: 'disk', policy: loose }] },
    services: { front: { calls: [{ to: 'web', policy: loose }] }, disk: {} },
    policy: { retry: false },
    users: { to: 'front' },
    layers: [layer({ kind: 'grpc', maxAttempts: 3 })],
  };
  const ofDisk = found(given).find(
    ({ rule: id, at }) => id === 'several-retry-owners' && at === 'stock > disk',
  );
  expect(ofDisk?.message).toContain('inside the retries of front > web and web > stock, and');
  expect(ofDisk?.fix).toBe(
    'Leave the retries to front > web if it may repeat the call safely, and switch those of stock > disk off (`retry: false`). Or give each of them a budget (`retry: { budget: { ratio: 0.1 } }`, `retryThrottling`).',
  );
});

test('a breaker is not asked for where it would be shared', () => {
  const calls = [
    { to: 'east', times: 0.5 },
    { to: 'west', times: 0.5 },
  ];
  const router: Case = {
    policy: { retry: { maxAttempts: 2 }, breaker: false },
    stock: { recoveryTime: '1m', calls },
    services: { east: {}, west: {} },
  };
  expect(rule('retry-horizon-shorter-than-recovery', router)).toBeUndefined();
});
