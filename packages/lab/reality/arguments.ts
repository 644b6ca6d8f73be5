import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What the command was asked for. */
export interface Arguments {
  readonly json: boolean;
  /** The spec. */
  readonly file: string;
  /** undefined: all of them. */
  readonly scenario: string | undefined;
  /** Real runs of each scenario. */
  readonly runs: number;
  /** Of the first run. */
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
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** What this process was called with. Ends it where that is wrong, or a question. */
export function readArguments(): Arguments {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit();
    }
    const { json, scenario, spec: file, misstate } = values;
    const runs = integer('--runs', values.runs, 1, 99);
    return { json, file, scenario, misstate, runs, seed: integer('--seed', values.seed, 0, 1e9) };
  } catch (error) {
    process.stderr.write(`reality: ${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${option} must be a whole number from ${min} to ${max}; got '${text}'`);
}
