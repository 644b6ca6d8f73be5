import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { argumentsOf, integer } from '../../../scripts/tasks/arguments.ts';

/** What the command was asked for. */
export interface Arguments {
  readonly json: boolean;
  /** The spec. */
  readonly file: string;
  /** The one to run; undefined for all of them. */
  readonly scenario: string | undefined;
  /** Real runs of each scenario. */
  readonly runs: number;
  /** The first run's; those of the others follow it. */
  readonly seed: number;
  /** The policy whose timeout is mis-stated on purpose. */
  readonly misstate: string | undefined;
}

const USAGE = `usage: npm run reality -- [options]

  --scenario NAME    only this one; mis-stated timeouts are then not looked for
  --runs N           real runs of each scenario, 1 to 99; 3 by default
  --seed N           of the first run; a whole number, 1 by default
  --spec FILE        another spec than packages/lab/reality/shop.yaml
  --misstate POLICY  plants a defect: in virtual time the policy's timeout is doubled
  --json             the figures as JSON, on the last line; all else goes to stderr
  --help
`;

const OPTIONS = {
  json: { type: 'boolean', default: false },
  scenario: { type: 'string' },
  runs: { type: 'string', default: '3' },
  seed: { type: 'string', default: '1' },
  spec: { type: 'string', default: join(import.meta.dirname, 'shop.yaml') },
  misstate: { type: 'string' },
} as const;

/** What this process was called with. Ends it where that is wrong, or a question. */
export function readArguments(): Arguments {
  return argumentsOf('reality', USAGE, () => {
    const { values } = parseArgs({ options: OPTIONS });
    const { json, scenario, spec: file, misstate } = values;
    const runs = integer('--runs', values.runs, 1, 99);
    return { json, file, scenario, misstate, runs, seed: integer('--seed', values.seed, 0, 1e9) };
  });
}
