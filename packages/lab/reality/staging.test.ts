import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrivalsOf, misstated, stageable } from './staging.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reality-'));
});
afterAll(() => rm(folder, { recursive: true }));

const shop = {
  policies: {
    quick: { protocol: 'http', timeout: '100ms' },
    open: { protocol: 'http', timeout: false },
  },
  services: {
    web: { calls: [{ to: 'stock', policy: 'quick' }] },
    stock: { workers: 2 },
  },
  users: { people: { to: 'web', rate: 10, patience: '1s' } },
  scenarios: {
    slow: { duration: '10s', faults: [{ latency: 'stock', times: 5, from: '2s', for: '2s' }] },
  },
};

async function specOf(spec: object): Promise<string> {
  const file = join(folder, 'spec.yaml');
  await writeFile(file, JSON.stringify(spec));
  return file;
}

const withStock = (stock: object): object => ({
  ...shop,
  services: { ...shop.services, stock },
});
const withScenario = (slow: object): object => ({
  ...shop,
  scenarios: { slow: { duration: '10s', ...slow } },
});

test('a plain fleet can be staged', async () => {
  const fleet = await stageable(await specOf(shop));
  expect([...fleet.services.keys()]).toEqual(['web', 'stock']);
});

test.each<[string, object]>([
  ['stock: its queue is not fifo', withStock({ queue: { order: 'lifo' } })],
  ['stock: it cancels what is abandoned', withStock({ queue: { abandoned: 'cancelled' } })],
  ['stock: its balancing is not random', withStock({ balancing: 'least-busy' })],
  ['stock: it fails by itself', withStock({ failures: 0.1 })],
  [
    'web: it has a cache',
    { ...shop, services: { ...shop.services, web: { ...shop.services.web, cache: {} } } },
  ],
  ['stock: it remembers keys', withStock({ idempotency: {} })],
  [
    'web: it calls by chance',
    { ...shop, services: { web: { calls: [{ to: 'stock', times: 0.5 }] }, stock: {} } },
  ],
  [
    'web: it calls one service twice',
    { ...shop, services: { web: { calls: [{ to: 'stock' }, { to: 'stock' }] }, stock: {} } },
  ],
  [
    'slow: there is no crash, only latency, outage, capacity',
    withScenario({ faults: [{ crash: 'stock', from: '2s', for: '2s' }] }),
  ],
  ['slow: people have no rate', withScenario({ load: { people: { trace: ['1s'] } } })],
  [
    'slow: it is long enough to be metastable',
    withScenario({ faults: [{ outage: 'stock', from: '1s', for: '100ms' }] }),
  ],
  ['there are no scenarios', { ...shop, scenarios: {} }],
])('says what cannot be: %s', async (problem, spec) => {
  await expect(stageable(await specOf(spec))).rejects.toThrow(problem);
});

test('each timeout is mis-stated in turn, and nothing else', async () => {
  const wrong = await misstated(await specOf(shop));
  expect([...wrong.keys()]).toEqual(['quick']);
  const fleet = await stageable(await specOf(shop));
  const [edge] = fleet.services.get('web')!.stages.flat();
  const [other] = wrong.get('quick')!.services.get('web')!.stages.flat();
  expect(other!.policy).toEqual({
    ...edge!.policy,
    timeout: 200,
    breaker: expect.objectContaining({ slowCallDuration: 100 }),
  });
});

test("a scenario's own arrivals come in place of the users'", async () => {
  const load = { people: { rate: 30 } };
  const fleet = await stageable(await specOf(withScenario({ load })));
  const scenario = fleet.scenarios.get('slow')!;
  expect(arrivalsOf(fleet, scenario, 'people').rate).toEqual([{ at: 0, rate: 30, until: 30 }]);
  expect(arrivalsOf(fleet, { ...scenario, load: new Map() }, 'people').rate[0]?.rate).toBe(10);
});
