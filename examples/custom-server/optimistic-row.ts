/**
 * Clients that increment one counter, which is a row of a database: read it, then write it back unless
 * somebody else has meanwhile (optimistic concurrency). How they wait after a conflict is compared.
 *
 * `node examples/custom-server/optimistic-row.ts`
 */
import {
  type CustomClient,
  type CustomServer,
  fleetOf,
  simulate,
  type SpecData,
} from 'holdfast-lab';

/** What a client sends: it reads, or writes the value that follows the one it has read. */
type Query = { readonly read: true } | { readonly write: number };

/** The row. It is busy for some 10 ms with each query, with many at once. */
const row: CustomServer = ({ random }) => {
  let value = 0;
  return ({ body, work, answer }) => {
    const query = body as Query;
    work(5 + 10 * random.next(), () => {
      if ('read' in query) answer('success', value);
      else if (query.write === value + 1) answer('success', ++value);
      // To repeat the write would be in vain: the client must read again.
      else answer('terminal');
    });
  };
};

/** Increments the row once, however often it must begin anew. */
const incrementing =
  (wait: (conflicts: number, chance: number) => number): CustomClient =>
  ({ call, after, random }) => {
    const attempt = (conflicts: number): void =>
      call(
        (read) =>
          call(
            ({ ok }) => {
              if (!ok) after(wait(conflicts, random.next()), () => attempt(conflicts + 1));
            },
            { write: Number(read.value) + 1 } satisfies Query,
          ),
        { read: true } satisfies Query,
      );
    attempt(0);
  };

const ceiling = (conflicts: number): number => Math.min(2000, 10 * 2 ** conflicts);

const WAITS = {
  'no wait': incrementing(() => 0),
  exponential: incrementing(ceiling),
  'full jitter': incrementing((conflicts, chance) => chance * ceiling(conflicts)),
};

const spec: SpecData = {
  name: 'optimistic-row',
  services: { row: { workers: 1000 } },
  users: { writers: { to: 'row', clients: 50, think: 0, policy: { timeout: '1s', retry: false } } },
  scenarios: { contest: { duration: '20s' } },
};

const fleet = fleetOf(spec);
console.log('50 clients     queries  conflicts     all done');
for (const [name, writers] of Object.entries(WAITS)) {
  const run = simulate(fleet, {
    scenario: 'contest',
    lane: 'holdfast',
    seed: 1,
    servers: { row },
    clients: { writers },
  });
  const { total, series } = run.edges[0]!;
  const done = series.attempts.findLastIndex((rate) => rate > 0) * run.step;
  const figures = [total.attempts, total.failures, `${done / 1000} s`];
  console.log(name.padEnd(12) + figures.map((figure) => String(figure).padStart(10)).join(' '));
}
