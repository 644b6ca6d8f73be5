import { describe, expect, test } from 'vitest';

import { type Case, found, type Json, layer, mesh, placeOf, rule } from '../../../test/cases.ts';

describe('layers of one edge', () => {
  test('double-retry counts hedges, which multiply with retries', () => {
    const hedged = layer({ kind: 'grpc', maxAttempts: 3, hedges: true });
    const finding = rule('double-retry', { layers: [hedged] });
    expect(finding).toMatchObject({ value: 9, at: 'web > stock' });
    expect(finding?.message).toContain('repeat or hedge web > stock (library 3, grpc 3 at once)');
    expect(finding?.fix).toMatch(
      /Switch the others off \(no `retryPolicy` or `hedgingPolicy`\)\.$/,
    );
  });

  test('tries-do-not-fit finds tries of a mesh that the attempt around them has no room for', () => {
    const sidecar = layer({ maxAttempts: 3, perTry: 800, retryOn: ['connect-failure'] });
    const policy = { retry: false, timeout: '2s' };
    const finding = rule('tries-do-not-fit', { policy, layers: [sidecar] });
    expect(finding).toMatchObject({ value: 400 });
    expect(finding?.message).toContain(
      '3 attempts of the sidecar and their waits need 2.4s, but the layers around it leave 2s: 3 can begin, 2 can end',
    );
    const longer = { ...policy, timeout: '2.4s' };
    expect(rule('tries-do-not-fit', { policy: longer, layers: [sidecar] })).toBeUndefined();
  });

  test('tries-do-not-fit finds a limit of one try that is longer than that of all', () => {
    const sidecar = layer({ maxAttempts: 3, perTry: 3000, timeout: 1000 });
    const finding = rule('tries-do-not-fit', { policy: 'none', layers: [sidecar] });
    expect(finding?.message).toContain('need 9s, but they have 1s in all: 1 can begin, 0 can end');
    expect(finding?.fix).toContain('allow 9s in all');
    // So it is where nobody has stated one.
    const whole = layer({ maxAttempts: 3, perTry: 1000, timeout: 1000 });
    expect(rule('tries-do-not-fit', { policy: 'none', layers: [whole] })).toBeUndefined();
  });

  test('unsafe-retry finds the 503 that Istio retried unasked up to 1.23, and takes 429 for not begun', () => {
    const retryOn = ['connect-failure', 'retriable-status-codes', '503'];
    const finding = rule('unsafe-retry', mesh({ implicit: true, retryOn }));
    expect(finding?.message).toContain('its sidecar layer repeats it on 503 (up to 3 attempts)');
    const busy = ['connect-failure', 'retriable-status-codes', '425', '429'];
    expect(rule('unsafe-retry', mesh({ retryOn: busy }))).toBeUndefined();
  });
});

const over = (protocol: string, given: Case): unknown =>
  rule('unsafe-retry', { ...given, policy: { protocol, retry: false } });

test('unsafe-retry knows that over HTTP no answer has a status of gRPC', () => {
  const retryOn = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled'];
  expect(over('http', mesh({ retryOn }))).toBeUndefined();
  expect(over('grpc', mesh({ retryOn }))).toMatchObject({ value: 3 });
  expect(over('http', mesh({ retryOn: [...retryOn, 'reset'] }))).toMatchObject({
    message: expect.stringContaining('its sidecar layer repeats it on reset (up to') as string,
  });
  expect(over('http', mesh({ kind: 'grpc', retryOn: ['UNAVAILABLE'] }))).toBeDefined();
});

/** A keyed call, to a service that remembers keys for so long. */
const remembers = (retention: number | string): Case => ({
  call: { keyed: true },
  stock: { idempotency: { lease: '1s', retention } },
});

describe('keys', () => {
  const keyed = { call: { keyed: true } };

  test('that are not remembered are found with the library, a mesh and hedges, and are no matter without', () => {
    const library = rule('key-not-remembered', keyed);
    expect(library).toMatchObject({ severity: 'error', value: 3, at: 'web > stock' });
    expect(library?.message).toContain(
      'web > stock sends a key that stock does not remember, and its library layer repeats it on transient, timeout (up to 3 attempts)',
    );
    const keyRule = (given: Case): unknown => rule('key-not-remembered', { ...keyed, ...given });
    expect(keyRule(mesh({ retryOn: ['5xx'] }))).toMatchObject({ value: 3 });
    expect(keyRule(mesh({ kind: 'grpc', hedges: true, retryOn: [] }))).toMatchObject({ value: 3 });
    expect(keyRule(mesh({ kind: 'grpc', hedges: true }))).toMatchObject({ value: 3 });
    expect(keyRule(mesh({ retryOn: ['connect-failure'] }))).toBeUndefined();
    expect(keyRule({ policy: { retry: false } })).toBeUndefined();
  });

  test('may be remembered by what is not ours, and need not be where repeating does no harm', () => {
    expect(rule('key-not-remembered', { ...keyed, stock: { external: true } })).toBeUndefined();
    const harmless = { call: { keyed: true, idempotent: true } };
    expect(rule('key-not-remembered', harmless)).toBeUndefined();
  });

  test('must be remembered longer than the longest of the calls may last, all of its attempts', () => {
    const id = 'retention-shorter-than-retries';
    const finding = rule(id, remembers('2s'));
    // Three attempts of 1 s and waits of 100 and 200 ms.
    expect(finding).toMatchObject({ severity: 'error', value: 1300, at: 'stock' });
    expect(finding?.message).toContain(
      'stock forgets keys after 2s, but attempts of one call of web > stock may come for up to 3.3s',
    );
    expect(finding?.fix).toContain('retention: 3.3s');
    expect(finding?.place.path).toEqual(['services', 'stock', 'idempotency', 'retention']);
    expect(rule(id, remembers('3.3s'))).toBeUndefined();
    const long = { retry: false, timeout: '3s' };
    expect(rule(id, { ...remembers('2s'), policy: long })).toBeUndefined();
    expect(rule(id, { ...remembers('2s'), call: { idempotent: true } })).toBeUndefined();
  });
});

describe('time', () => {
  test('timeout-too-short counts what the callee calls in turn, and says what a bare number is', () => {
    const slow = { serviceTime: '10ms', calls: [{ to: 'east' }, { to: 'west', times: 0.75 }] };
    const services = {
      east: { serviceTime: '20ms' },
      west: { serviceTime: { exponential: '40ms' } },
    };
    const finding = rule('timeout-too-short', { policy: { timeout: 57 }, stock: slow, services });
    expect(finding).toMatchObject({ severity: 'error', at: 'web > stock' });
    expect(finding?.message).toBe(
      'web > stock waits 57ms for an answer (`timeout: 57` is milliseconds), but stock usually takes 58ms, when all is well and nothing waits',
    );
    const total = rule('timeout-too-short', { policy: { deadline: 57 }, stock: slow, services });
    expect(total?.message).toContain('(`deadline: 57` is milliseconds)');
    const enough: Case = { policy: { timeout: '58ms' }, stock: slow, services };
    expect(rule('timeout-too-short', enough)).toBeUndefined();
  });

  test.each([
    [
      'few answers take long',
      { serviceTime: { mixture: [{ weight: 99, time: '5ms' }, { time: '10s' }] } },
    ],
    ['a cache has most answers', { cache: { hitRate: '60%' }, calls: [{ to: 'slow' }] }],
    ['few requests make the long call', { calls: [{ to: 'slow', times: 0.4 }] }],
    [
      'the long call is cut',
      { calls: [{ to: 'slow', optional: true, policy: { timeout: 20, retry: false } }] },
    ],
  ])('timeout-too-short leaves alone what most attempts can end in: %s', (_, stock) => {
    const services = { slow: { serviceTime: '5s' } };
    const findings = found({ policy: { timeout: '50ms' }, stock, services });
    const at = findings.filter((one) => one.rule === 'timeout-too-short').map((one) => one.at);
    expect(at).not.toContain('web > stock');
  });

  test('timeout-too-short finds the time that a mesh gives, and the patience of users', () => {
    const stock = { serviceTime: '50ms' };
    const sidecar = layer({ perTry: 40, timeout: 40 });
    const lent = { policy: { timeout: 800 }, stock, layers: [sidecar] };
    const finding = rule('timeout-too-short', lent);
    expect(finding).toMatchObject({ value: 10, at: 'web > stock' });
    expect(finding?.message).toContain('waits 40ms for an answer, but');
    for (const policy of ['none', { timeout: '2s' }]) {
      const users = { patience: '55ms', policy };
      const hasty = rule('timeout-too-short', { stock, users });
      expect(hasty).toMatchObject({ value: 5, at: 'shoppers > web' });
      expect(hasty?.message).toContain('waits 55ms for an answer, but');
    }
  });

  test('timeout-inversion finds a total that somebody chose and that the caller does not wait for', () => {
    const policy = { timeout: '800ms', deadline: '5s' };
    const finding = rule('timeout-inversion', { policy, users: { policy: {} } });
    // Three attempts of 800 ms and waits of 100 and 200 ms, against 1 s.
    expect(finding).toMatchObject({ severity: 'warning', value: 1700, at: 'shoppers > web' });
    expect(finding?.message).toContain('a call of web > stock may take 2.7s');
    const shorter = { ...policy, deadline: '900ms' };
    expect(rule('timeout-inversion', { policy: shorter, users: { policy: {} } })).toBeUndefined();
  });

  test('what has no limit may take for ever', () => {
    const endless = { timeout: false, deadline: false };
    const one: Case = { policy: endless, users: { policy: {} } };
    expect(rule('timeout-inversion', one)?.message).toContain(
      'a call of web > stock may take for ever',
    );
    const calls = ['1s', false].map((timeout) => ({
      to: 'stock',
      policy: { ...endless, timeout },
    }));
    const inTurn: Case = { web: { calls }, users: { policy: {} } };
    expect(rule('sequence-does-not-fit', inTurn)?.message).toMatch(
      /one after another may take for ever$/,
    );
  });

  test('sequence-does-not-fit counts a call that may be made as made, and one that never is not', () => {
    const sometimes = { to: 'stock', policy: { timeout: '600ms' }, times: 0.5 };
    const twice: Case = { web: { calls: [sometimes, sometimes] }, users: { policy: {} } };
    expect(rule('sequence-does-not-fit', twice)).toMatchObject({ value: 200 });
    const never = { to: 'stock', policy: { timeout: false, deadline: false }, times: 0 };
    const fine = { to: 'stock', policy: { timeout: '300ms' } };
    const once: Case = { web: { calls: [never, fine, fine] }, users: { policy: {} } };
    expect(rule('sequence-does-not-fit', once)).toBeUndefined();
  });

  test('sequence-does-not-fit leaves alone what most answers can end in, however long a few take', () => {
    const calls = ['300ms', '301ms'].map((timeout) => ({ to: 'stock', policy: { timeout } }));
    const serviceTime = { mixture: [{ weight: 99, time: '5ms' }, { time: '60s' }] };
    const tail: Case = { web: { calls }, stock: { serviceTime }, users: { policy: {} } };
    expect(rule('sequence-does-not-fit', tail)).toBeUndefined();
  });

  test('sequence-does-not-fit knows that calls to one service are made at once', () => {
    const call = { to: 'stock', policy: { timeout: '600ms' }, times: 10 };
    const slow: Case = { stock: { serviceTime: '300ms', workers: 100 }, users: { policy: {} } };
    expect(rule('sequence-does-not-fit', { ...slow, web: { calls: [call] } })).toBeUndefined();
    const other = { ...call, policy: { timeout: '300ms' } };
    const inTurn = { ...slow, web: { calls: [call, other] } };
    expect(rule('sequence-does-not-fit', inTurn)).toBeUndefined();
  });
});

describe('clients of a closed loop', () => {
  const clients = { rate: undefined, clients: 1000, think: '1s' };

  test('have a floor of their budget each', () => {
    const floored = { retry: { budget: { floorPerSecond: 1 } } };
    const finding = rule('budget-floors-add-up', { users: { ...clients, policy: floored } });
    expect(finding).toMatchObject({ value: 1000, at: 'web' });
    const oneAttempt = { retry: { ...floored.retry, maxAttempts: 1 } };
    for (const users of [{ policy: floored }, { ...clients, policy: oneAttempt }]) {
      expect(rule('budget-floors-add-up', { users })).toBeUndefined();
    }
  });

  test('have a breaker each, all of which probe at once without jitter', () => {
    const policy = { retry: false, breaker: { cooldownJitter: 0 } };
    const finding = rule('probes-herd', { users: { ...clients, policy } });
    expect(finding).toMatchObject({ value: 1000, at: 'shoppers > web' });
    expect(finding?.message).toContain('the breakers of 1000 clients send 1000 probes');
    expect(rule('probes-herd', { users: { policy } })).toBeUndefined();
  });
});

test('breaker-never-opens advises what can be set, and what still proves something', () => {
  const fixes = [0.5, 0.05, 0.001].map(
    (rate) => rule('breaker-never-opens', { users: { rate } })?.fix,
  );
  expect(fixes).toEqual([
    'Use `kind: consecutive`, or widen `window` to 37s, or lower `minimumCalls` to 16.',
    'Use `kind: consecutive`, or widen `window` to 364s.',
    'Use `kind: consecutive`.',
  ]);
});

test('breaker-never-opens leaves windows of calls alone, which hold their own length in the end', () => {
  const count = { breaker: { kind: 'count', windowCalls: 10, minimumCalls: 20 } };
  const users = { rate: 0.5 };
  expect(rule('breaker-never-opens', { policy: count, users })).toBeUndefined();
  expect(rule('breaker-never-opens', { users })).toMatchObject({ value: 16.5 });
});

test('retries-multiply is not said of a call that is never made', () => {
  const policy = { retry: { maxAttempts: 12, budget: false } };
  expect(rule('retries-multiply', { policy })).toMatchObject({ value: 12 });
  expect(rule('retries-multiply', { policy, call: { times: 0 } })).toBeUndefined();
});

test('retries-multiply is said at the last edge that multiplies, not at those behind it', () => {
  const calm = { retry: false };
  const eager = { retry: { maxAttempts: 10, budget: false } };
  const ends = (shelf: Json): readonly string[] =>
    found({
      policy: eager,
      stock: {
        calls: [
          { to: 'shelf', policy: calm },
          { to: 'box', policy: shelf },
        ],
      },
      services: { shelf: { calls: [{ to: 'box', policy: calm }] }, box: {} },
    })
      .filter(({ rule: id }) => id === 'retries-multiply')
      .map(({ at, value }) => `${at}: ${value}`);
  expect(ends(calm)).toEqual(['web > stock: 10']);
  expect(ends(eager)).toEqual(['stock > box: 100']);
});

test('queue-outlives-deadline goes by the patience of users who would wait longer by their policy', () => {
  const stock = { workers: 1, serviceTime: '10ms', queue: { max: 100 } };
  const users = { to: 'stock', patience: '800ms', policy: { timeout: '2s' } };
  const full = rule('queue-outlives-deadline', { web: { calls: [] }, stock, users });
  expect(full?.message).toContain('takes 1s to work off, but callers wait only 800ms');
});

test('queue-outlives-deadline leaves alone what takes no time, whatever the queue', () => {
  const stock = { serviceTime: 0, queue: { max: 'unbounded' } };
  expect(rule('queue-outlives-deadline', { stock })).toBeUndefined();
  const some = rule('queue-outlives-deadline', { stock: { ...stock, serviceTime: '1ms' } });
  expect(some?.fix).toContain('`max: 5000`');
});

test('several-retry-owners names the first of many owners, and is done with a large fleet', () => {
  const size = 700;
  const callsFrom = (i: number): Json[] =>
    [1, 2, 3, 4, 5]
      .filter((step) => i + step < size)
      .map((step) => ({ to: `s${i + step}`, policy: { retry: { budget: false } } }));
  const services = Object.fromEntries(
    Array.from({ length: size }, (_, i) => [`s${i}`, { calls: callsFrom(i) }]),
  );
  const last = found({ services }).find(
    ({ rule: id, at }) => id === 'several-retry-owners' && at === 's698 > s699',
  );
  expect(last?.value).toBe(3481);
  expect(last?.message).toContain(
    'inside the retries of s0 > s1 and s0 > s2 and s0 > s3 and 3477 more, and no budget',
  );
});

describe('no-budget', () => {
  const inConfig = { ...placeOf([]), file: 'service-config.json', line: 7 };
  const channel = layer({ kind: 'grpc', maxAttempts: 4, place: inConfig });

  test('finds retries of gRPC without throttling, where its file states them', () => {
    const finding = rule('no-budget', { policy: { retry: false }, layers: [channel] });
    expect(finding).toMatchObject({ value: 4, at: 'web > stock', place: inConfig });
    expect(finding?.message).toBe(
      'web > stock retries without a budget (grpc 4): an outage multiplies its load by 4',
    );
    expect(finding?.fix).toContain('"retryThrottling": { "maxTokens": 10, "tokenRatio": 0.1 }');
    const throttled = layer({ ...channel, extraShare: 0.1, earnedBySuccess: true });
    expect(rule('no-budget', { policy: { retry: false }, layers: [throttled] })).toBeUndefined();
  });

  test('is said once of both layers of an edge, with both cures', () => {
    const policy = { retry: { budget: false } };
    const finding = rule('no-budget', { policy, layers: [layer({ ...channel, hedges: true })] });
    expect(finding).toMatchObject({ value: 12, place: { file: 'spec.yaml' } });
    expect(finding?.message).toContain('(library 3 x grpc 4 at once)');
    expect(finding?.fix).toMatch(/^Leave `budget` out.* Add `"retryThrottling"/);
  });

  test("leaves a sidecar's retries to the rule on how many run at once", () => {
    expect(rule('no-budget', mesh({}))).toBeUndefined();
  });
});
