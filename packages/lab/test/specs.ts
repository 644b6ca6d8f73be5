import type { SpecData } from '../src/spec/tables.ts';

/** Something of everything. */
export const shop = (): SpecData => ({
  name: 'shop',
  policies: { careful: { protocol: 'http', retry: { maxAttempts: 2 } } },
  services: {
    web: {
      replicas: 2,
      cache: { hitRate: '90%' },
      shutdown: { drain: '20s', terminationGracePeriod: '30s' },
      livenessAsks: ['checkout'],
      calls: [
        { to: 'checkout', policy: 'careful', idempotent: true },
        {
          together: [
            { to: 'stock', optional: true, policy: { timeout: '300ms' } },
            { to: 'stock', times: 0.5, policy: 'none', criticality: 'sheddable' },
          ],
        },
      ],
    },
    checkout: { queue: { max: 'unbounded', order: 'lifo' }, failures: 0.01 },
    stock: { external: true, serviceTime: { exponential: '20ms' }, recoveryTime: '10s' },
  },
  users: {
    shoppers: { to: 'web', rate: 80, patience: '5s' },
    robots: { to: 'web', clients: 100, think: { erlang: '1s', stages: 3 }, policy: 'careful' },
    replayed: { to: 'web', trace: ['0ms', 10, '15ms'] },
  },
  lanes: { careless: { breaker: false } },
  scenarios: {
    outage: {
      duration: '2m',
      warmUp: '10s',
      load: { shoppers: { rate: [{ at: '30s', rate: 200, until: 300 }], arrivals: 'constant' } },
      faults: [
        { outage: 'stock', from: '30s', for: '10s' },
        { latency: 'stock', times: 20, plus: '5ms', from: '50s', to: '60s' },
        { errors: 'stock', rate: '50%', from: '1m' },
        { deploy: 'web', away: '5s', from: '15s' },
        { 'cache-flush': 'web', from: '20s' },
        { partition: ['stock'], and: 'web', from: '25s', for: '1s' },
      ],
      expect: ['goodput at shoppers during the fault >= 95%', 'not metastable'],
    },
  },
  accept: [{ rule: 'no-fallback', at: 'web > stock (2)', because: 'it is optional' }],
});
