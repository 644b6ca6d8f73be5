import { erlangB } from '../theory/erlang.ts';
import { mg1 } from '../theory/mg1.ts';
import { mm1k } from '../theory/mm1k.ts';
import { mmc } from '../theory/mmc.ts';
import { type Check, within } from '../../../../scripts/tasks/checks.ts';
import { agrees, column, type Law, type Plan, type Sample } from './law.ts';
import { QueueProbe } from './queue-probe.ts';
import { BARE, worldOf } from './worlds.ts';

/** Mean service time of every queue here, in milliseconds. */
const SERVICE = 10;
/** How far L may be from λW in any run. */
const LITTLE = 0.005;
/** What a clock that loses time makes of a millisecond. */
const SLOW = 0.99;

/** One queue, and what theory says of it. */
interface Queue {
  readonly name: string;
  readonly about: string;
  readonly workers: number;
  /** Requests that may wait. */
  readonly room: number | 'unbounded';
  /** In the file's form. */
  readonly serviceTime: unknown;
  /** Requests a second. */
  readonly rate: number;
  /** Of one run. The more a queue fluctuates, the more are needed for a narrow interval. */
  readonly requests: number;
  /** By the names that `QueueProbe` gives its figures. */
  readonly theory: Readonly<Record<string, number>>;
}

const EXPONENTIAL = { exponential: SERVICE };

const QUEUES: readonly Queue[] = [
  markov('M/M/1', 1, 70, 500_000),
  markov('M/M/4', 4, 320, 400_000),
  markov('M/M/10', 10, 850, 1_600_000),
  general('M/D/1', SERVICE, 0, 70, 100_000),
  general('M/E4/1', { erlang: SERVICE, stages: 4 }, 0.5, 70, 120_000),
  general('M/H2/1', { hyperexponential: SERVICE, cv: 2 }, 2, 50, 200_000),
  general('M/LN/1', { lognormal: SERVICE, cv: 1.5 }, 1.5, 50, 400_000),
  bounded('M/M/1/5', 5, 90, 60_000),
  bounded('M/M/1/5, overloaded', 5, 150, 60_000),
  lossy('M/M/10/10', EXPONENTIAL, 80_000),
  lossy('M/LN/10/10', { lognormal: SERVICE, cv: 1.5 }, 80_000),
];

/** Queues whose long run is known in closed form. */
export const queues: readonly Law[] = QUEUES.map(lawOf);

function lawOf(queue: Queue): Law {
  const { name, about, theory } = queue;
  return {
    name,
    about,
    intervals: Object.keys(theory).length,
    run: (seed, plan) => run(queue, seed, plan),
    judge: (samples, doubt) => judge(queue, samples, doubt),
  };
}

function run(queue: Queue, seed: number, { scale, defect }: Plan): Sample {
  const { workers, room, rate, serviceTime } = queue;
  const duration = Math.ceil((queue.requests * scale * 1000) / rate);
  const extra = defect === 'extra-room' && room !== 'unbounded' ? 1 : 0;
  const service = {
    workers: defect === 'extra-worker' ? workers + 1 : workers,
    serviceTime: defect === 'lost-variance' ? SERVICE : serviceTime,
    queue: { max: room === 'unbounded' ? room : room + extra },
  };
  const users = { to: 'server', rate, policy: BARE, patience: '1h' };
  const pace = defect === 'slow-clock' ? SLOW : 1;
  const loadPace = defect === 'two-clocks' ? SLOW : pace;
  const probe = new QueueProbe(workers, duration, pace, loadPace);
  worldOf({ services: { server: service }, users: { users } }, duration, seed, probe).run(duration);
  return probe.sample(duration);
}

function judge({ theory }: Queue, samples: readonly Sample[], doubt: number): Check[] {
  const gaps = column(samples, 'little').map(Math.abs);
  return [
    ...Object.entries(theory).map(([figure, value]) =>
      agrees(figure, value, column(samples, figure), doubt),
    ),
    within('L against λW, largest gap of a run', Math.max(...gaps), [0, LITTLE]),
  ];
}

function markov(name: string, workers: number, rate: number, requests: number): Queue {
  const figures = mmc({ workers, rate: rate / 1000, service: SERVICE });
  return {
    name,
    about: `Poisson arrivals, exponential service, ${workers === 1 ? 'one worker' : `${workers} workers`} (Erlang)`,
    workers,
    room: 'unbounded',
    serviceTime: EXPONENTIAL,
    rate,
    requests,
    theory: {
      'arrivals per second': rate,
      utilisation: figures.utilisation,
      'share that waits': figures.waits,
      'mean wait': figures.meanWait,
      'mean time in system': figures.meanSojourn,
      'mean queue': figures.queue,
      'p95 of wait': figures.waitQuantile(0.95),
      'p50 of time in system': figures.sojournQuantile(0.5),
      'p95 of time in system': figures.sojournQuantile(0.95),
      'p99 of time in system': figures.sojournQuantile(0.99),
    },
  };
}

function general(
  name: string,
  serviceTime: unknown,
  cv: number,
  rate: number,
  requests: number,
): Queue {
  const { utilisation, meanWait, meanSojourn, queue } = mg1({
    rate: rate / 1000,
    service: SERVICE,
    cv,
  });
  return {
    name,
    about: `one worker whose service time varies by ${cv} of its mean (Pollaczek-Khinchine)`,
    workers: 1,
    room: 'unbounded',
    serviceTime,
    rate,
    requests,
    theory: {
      utilisation,
      'mean wait': meanWait,
      'mean time in system': meanSojourn,
      'mean queue': queue,
    },
  };
}

function bounded(name: string, places: number, rate: number, requests: number): Queue {
  const figures = mm1k({ rate: rate / 1000, service: SERVICE, room: places });
  return {
    name,
    about: `one worker and room for ${places} requests, the one in service included`,
    workers: 1,
    room: places - 1,
    serviceTime: EXPONENTIAL,
    rate,
    requests,
    theory: {
      'share lost': figures.loss,
      utilisation: figures.utilisation,
      'mean in system': figures.number,
      'mean time in system': figures.meanSojourn,
    },
  };
}

function lossy(name: string, serviceTime: unknown, requests: number): Queue {
  const workers = 10;
  const load = 8;
  const loss = erlangB(workers, load);
  return {
    name,
    about: `${workers} workers and no queue: Erlang B, whatever the service time's distribution`,
    workers,
    room: 0,
    serviceTime,
    rate: (load / SERVICE) * 1000,
    requests,
    theory: {
      'share lost': loss,
      utilisation: (load * (1 - loss)) / workers,
      'mean service': SERVICE,
    },
  };
}
