import { getEventListeners } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { type Job, runJobs } from './jobs.ts';
import { type RunOptions, simulate } from './simulate.ts';

const fleet = fleetOf({
  name: 'shop',
  services: {
    web: { serviceTime: { exponential: '5ms' }, calls: [{ to: 'stock' }] },
    stock: { serviceTime: { exponential: '10ms' }, failures: 0.2 },
  },
  users: { shoppers: { to: 'web', rate: 50, patience: '1s' } },
  scenarios: {
    outage: { duration: '20s', warmUp: '1s', faults: [{ outage: 'stock', from: '5s', for: '1s' }] },
  },
});
const jobs: Job[] = ['naive', 'holdfast'].flatMap((lane) =>
  [1, 2, 3].map((seed) => ({ fleet, scenario: 'outage', lane, seed })),
);

const { terminate } = Worker.prototype;

const run = (over: Partial<RunOptions>) =>
  simulate(fleet, { scenario: 'outage', lane: 'naive', seed: 1, ...over });

describe('a simulation', () => {
  it('is the same with the same seed, and another with another', () => {
    expect(JSON.stringify(run({ seed: 1 }))).toBe(JSON.stringify(run({ seed: 1 })));
    expect(run({ seed: 2 }).users[0]!.series.arrivals).not.toEqual(
      run({ seed: 1 }).users[0]!.series.arrivals,
    );
  });

  it('has a point of every series for each step', () => {
    const { duration, step, edges, users, services } = simulate(fleet, {
      scenario: 'outage',
      lane: 'holdfast',
      seed: 1,
    });
    for (const { series } of [...edges, ...users, ...services]) {
      for (const points of Object.values(series)) expect(points).toHaveLength(duration / step);
    }
  });

  it('is cut when it would go on for ever, and says what to do', () => {
    const options = { scenario: 'outage', lane: 'naive', seed: 1, maxEvents: 500 };
    expect(() => simulate(fleet, options)).toThrow(/'outage' was cut after 500 events.*Shorten/);
  });

  it('is cut at the event too many, however much happens until the next point of its series', () => {
    const busy = fleetOf({
      services: { web: {} },
      users: { people: { to: 'web', clients: 10, think: '1ms' } },
      scenarios: { day: { duration: '24h' } },
    });
    const options = { scenario: 'day', lane: 'holdfast', seed: 1, maxEvents: 500 };
    expect(() => simulate(busy, options)).toThrow(/at [\d.]+ms of its 24h/);
  });

  it('is cut at the attempts too many, of which a hundred without a wait are one event', () => {
    const retry = { maxAttempts: 150_000, budget: false, backoff: { base: 0 } } as const;
    const policy = { retry, breaker: false, deadline: false } as const;
    const storm = fleetOf({
      services: { web: {} },
      users: { people: { to: 'web', rate: 1, arrivals: 'constant', policy } },
      scenarios: { outage: { duration: '5s', faults: [{ outage: 'web' }] } },
    });
    const options = { scenario: 'outage', lane: 'holdfast', seed: 1, maxEvents: 160_000 };
    expect(() => simulate(storm, options)).toThrow(
      /after 160000 events, calls or attempts, at 2s of its 5s/,
    );
  });

  it('is cut at the calls too many, most of which the breaker of a caller refuses in no time', () => {
    const fan = fleetOf({
      services: {
        web: { workers: 1000, calls: [{ to: 'db', times: 1000 }] },
        db: { failures: 1 },
      },
      users: { people: { to: 'web', rate: 100, arrivals: 'constant' } },
      scenarios: { day: { duration: '20s' } },
    });
    const options = { scenario: 'day', lane: 'holdfast', seed: 1, maxEvents: 100_000 };
    expect(() => simulate(fan, options)).toThrow(/after 100000 events, calls or attempts, at/);
  });

  it('names what there is when asked for what there is not', () => {
    expect(() => run({ scenario: 'flood' })).toThrow("no scenario 'flood'; there are: outage");
    expect(() => run({ lane: 'fast' })).toThrow("no lane 'fast'; there are: holdfast, naive");
  });
});

describe('jobs', () => {
  it('come to the same in one thread, in three, and in none', async () => {
    const plain = jobs.map(({ fleet: its, ...options }) => simulate(its, options));
    const shares: number[] = [];
    const [one, three] = [
      await runJobs(jobs, { workers: 1 }),
      await runJobs(jobs, { workers: 3, onProgress: (share) => shares.push(share) }),
    ];
    expect(JSON.stringify(one)).toBe(JSON.stringify(plain));
    expect(JSON.stringify(three)).toBe(JSON.stringify(plain));
    expect(shares.at(-1)).toBeCloseTo(1, 9);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  }, 60_000);

  it('fail with the message of the one that does', async () => {
    const bad = { fleet, scenario: 'flood', lane: 'naive', seed: 1 };
    await expect(runJobs([jobs[0]!, bad, jobs[1]!])).rejects.toThrow("no scenario 'flood'");
  }, 60_000);

  it('keep of each run only what is asked for', async () => {
    const [kept] = await runJobs(jobs.slice(0, 1), { keep: (one) => ({ ...one, edges: [] }) });
    expect(kept).toEqual({
      ...simulate(fleet, { scenario: 'outage', lane: 'naive', seed: 1 }),
      edges: [],
    });
  }, 60_000);

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    await runJobs(jobs.slice(0, 1), { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('end no thread while one is being made: Node can crash of that', async () => {
    const running = new Set<Worker>();
    const watch = (worker: Worker): void => void worker.once('online', () => running.add(worker));
    const runningAtEnds: number[] = [];
    const end = vi.spyOn(Worker.prototype, 'terminate').mockImplementation(function (this: Worker) {
      runningAtEnds.push(running.size);
      return terminate.call(this);
    });
    process.on('worker', watch);
    const stop = new AbortController();
    const ran = runJobs(jobs, { workers: 3, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(ran).rejects.toThrow('enough');
    process.off('worker', watch);
    end.mockRestore();
    expect(runningAtEnds).toEqual([3, 3, 3]);
  }, 60_000);

  it('of nobody are done', async () => {
    expect(await runJobs([])).toEqual([]);
  });
});

describe('a thread that simulates', () => {
  const leaks = [
    'Date.now()',
    'new Date()',
    'Date()',
    'Math.random()',
    'performance.now()',
    'process.hrtime()',
    'crypto.randomUUID()',
    'setTimeout(() => {}, 1)',
    'setInterval(() => {}, 1)',
    'setImmediate(() => {})',
    'systemRuntime.clock.now()',
    'systemRuntime.clock.recent()',
    'systemRuntime.clock.wallTime()',
    'systemRuntime.clock.stoodStill(0)',
    'systemRuntime.clock.start({}, 0)',
    'systemRuntime.clock.start({}, 30_000)',
    'systemRuntime.clock.startUnref({}, 30_000)',
    'systemRuntime.random.next()',
  ];

  it('finds every leak of real time and chance', async () => {
    const guard = new URL('./guard.ts', import.meta.url).href;
    const code = `
      const { parentPort } = require('node:worker_threads');
      const imported = [import(${JSON.stringify(guard)}), import('holdfast')];
      Promise.all(imported).then(([{ forbidRealTime }, { systemRuntime }]) => {
        const found = {};
        forbidRealTime();
        for (const leak of ${JSON.stringify(leaks)}) {
          try { eval(leak); found[leak] = 'not found'; } catch (error) { found[leak] = error.message; }
        }
        found.given = new Date(0).toISOString();
        parentPort.postMessage(found);
      });`;
    const worker = new Worker(code, { eval: true });
    const found = await new Promise<Record<string, string>>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    for (const leak of leaks) expect(found[leak]).toContain('A simulation has used');
    // A date that is given is no leak.
    expect(found['given']).toBe('1970-01-01T00:00:00.000Z');
    await worker.terminate();
  }, 60_000);
});
