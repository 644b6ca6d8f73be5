import { expect, test } from 'vitest';

import { fleetOf } from '../../spec/fleet.ts';
import { readSpec } from '../../spec/load.ts';
import { audit } from '../audit.ts';

const SPEC = `
policies:
  named: { retry: { backoff: { jitter: none } } }
  silent: { preset: rpc }
services:
  web:
    replicas: 3
    livenessAsks: [stock]
    calls:
      - { to: stock, policy: named }
      - to: stock
        policy:
          retry:
            maxAttempts: 3
            budget: false
            backoff: { base: 10ms, kind: constant }
          bulkhead: false
          breaker: { cooldownJitter: 0 }
      - { to: payments, policy: silent, idempotent: true }
      - { to: payments, policy: { breaker: { kind: count, cooldown: 2s } } }
  stock:
    workers: 1
    serviceTime: 50ms
    queue: { order: fifo, max: unbounded }
  payments: { recoveryTime: 40s }
users:
  shoppers: { to: web, rate: 10, policy: { timeout: false, deadline: 5s } }
`;

test('a finding is where the option that it is about is written, else where the edge or service is', () => {
  const { spec, placeOf } = readSpec(SPEC, 'holdfast.yaml');
  const found = audit(fleetOf(spec), { placeOf }).findings.map(
    ({ rule, at, place: { line, column } }) => `${line}:${column} ${rule} at ${at}`,
  );
  const lines = SPEC.split('\n');
  const placed = (rule: string, at: string, line: string, key: string): void => {
    const row = lines.findIndex((text) => text.includes(line));
    expect(found).toContain(`${row + 1}:${lines[row]!.indexOf(key) + 1} ${rule} at ${at}`);
  };
  placed('no-jitter', 'web > stock', 'named: {', 'jitter');
  placed('no-budget', 'web > stock (2)', 'budget: false', 'budget');
  placed('fixed-interval', 'web > stock (2)', 'kind: constant', 'kind');
  placed('unbounded-retry-concurrency', 'web > stock (2)', 'bulkhead: false', 'bulkhead');
  placed('probes-herd', 'web > stock (2)', 'cooldownJitter: 0', 'cooldownJitter');
  placed('cooldown-shorter-than-recovery', 'web > payments', 'policy: silent', '{ to');
  placed('cooldown-shorter-than-recovery', 'web > payments (2)', 'cooldown: 2s', 'cooldown');
  placed('missing-timeout', 'shoppers > web', 'timeout: false', 'timeout');
  placed('queue-outlives-deadline', 'stock', 'max: unbounded', 'max');
  placed('liveness-asks-dependency', 'web', 'livenessAsks', 'livenessAsks');
});
