import { parseArgs } from 'node:util';
import { argumentsOf, integer, oneOf } from '../../../scripts/tasks/arguments.ts';
import { type ClientName, CLIENTS, STORES, type StoreName } from './links/link.ts';
import { type Mode, MODES } from './plan.ts';
import { type Part, PARTS } from './torture.ts';

/** What the command was asked for. */
export interface Arguments {
  readonly json: boolean;
  readonly seed: number;
  readonly rounds: number;
  readonly store: StoreName;
  readonly client: ClientName;
  readonly mode: Mode;
  readonly parts: readonly Part[];
  /** Milliseconds. */
  readonly outage: number;
}

const NAMES = Object.keys(PARTS) as Part[];

const USAGE = `usage: npm run torture:idempotency -- [options]

  --store NAME   ${STORES.join(', ')}; sqlite by default
  --client NAME  ${STORES.map((store) => `${CLIENTS[store].join(' or ')} for ${store}`).join(', ')}; else the first
  --mode NAME    ${MODES.join(', ')}; leased by default, transactional for postgres alone
  --rounds N     of kill -9, 1 to 10000; 100 by default
  --seed N       of all that chance decides; a whole number, 1 by default
  --only PART    ${NAMES.join(', ')}; may be given more than once
  --outage N     how long an outage lasts, in milliseconds, 500 to 60000; 5000 by default
  --json         the figures as JSON, on the last line; all else goes to stderr
  --help
`;

const OPTIONS = {
  json: { type: 'boolean', default: false },
  store: { type: 'string', default: 'sqlite' },
  client: { type: 'string' },
  mode: { type: 'string', default: 'leased' },
  rounds: { type: 'string', default: '100' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string', multiple: true, default: NAMES },
  outage: { type: 'string', default: '5000' },
} as const;

/** What this process was called with. Ends it where that is wrong, or a question. */
export function readArguments(): Arguments {
  return argumentsOf('torture:idempotency', USAGE, () => {
    const { values } = parseArgs({ options: OPTIONS });
    const store = oneOf('--store', values.store, STORES);
    const mode = oneOf('--mode', values.mode, MODES);
    const known: readonly ClientName[] = CLIENTS[store];
    const client = oneOf('--client', values.client ?? CLIENTS[store][0], known);
    if (mode === 'transactional' && store !== 'postgres') {
      throw new Error(`--mode transactional needs --store postgres; got ${store}`);
    }
    return {
      json: values.json,
      store,
      client,
      mode,
      seed: integer('--seed', values.seed, 0, 1e9),
      rounds: integer('--rounds', values.rounds, 1, 10_000),
      outage: integer('--outage', values.outage, 500, 60_000),
      parts: values.only.map((part) => oneOf('--only', part, NAMES)),
    };
  });
}
