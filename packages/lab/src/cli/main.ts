import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { likeliest } from 'holdfast/spec';
import { addAudit } from './audit.ts';
import { addCompile } from './compile.ts';
import { addExplain } from './explain.ts';
import { addInit } from './init.ts';
import { Interrupted } from './interruption.ts';
import type { Outcome } from './outcome.ts';
import { addSchema } from './schema.ts';
import { addSimulate } from './simulate.ts';

/** What `--help` says of it. */
const EXIT_CODES = `
Exit codes:
  0  all is well
  1  what was judged does not hold: findings of the audit, expectations of a
     scenario
  2  it could not be judged or done: wrong arguments or spec, a file that
     cannot be read or written
  130, 143  ended by SIGINT (Ctrl-C), SIGTERM`;

/** The command `holdfast`; answers the exit code, see `EXIT_CODES`. */
export async function main(args: readonly string[]): Promise<number> {
  const outcome: Outcome = { code: 0 };
  const program = new Command('holdfast')
    .description("Audits a fleet's resilience policy, and rehearses it in virtual time.")
    .version(version(), '-V, --version', 'print the version')
    .addHelpText('afterAll', EXIT_CODES)
    .configureOutput({
      // What it suggests comes in a line of its own, without the prefix.
      outputError: (text, write) =>
        write(text.replace(/^error: /, 'holdfast: ').replace('\n(', ' (')),
    })
    .exitOverride();
  addInit(program);
  addSchema(program);
  addCompile(program);
  addAudit(program, outcome);
  addExplain(program);
  addSimulate(program, outcome);
  addHelp(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome.code;
  } catch (error) {
    // Commander has told its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const text = error instanceof Error ? error.message : String(error);
    // Names of files may hold what a terminal obeys.
    const message = text.replaceAll(/(?!\n)\p{Cc}/gu, '?');
    program.configureOutput().writeErr?.(`${message.replaceAll(/^/gm, 'holdfast: ')}\n`);
    return error instanceof Interrupted ? error.exitCode : 2;
  }
}

/** `holdfast help [command]`: commander's own says of an unknown one nothing but the usage. */
function addHelp(program: Command): void {
  program.helpCommand(false);
  program
    .command('help')
    .description('display help for command')
    .argument('[command]')
    .action((name: string | undefined) => {
      const known = program.commands.map((command) => command.name());
      const command = name === undefined ? program : program.commands[known.indexOf(name)];
      if (command === undefined) {
        throw new Error(`${JSON.stringify(name)} is no command; ${likeliest(name!, known)}`);
      }
      command.outputHelp();
    });
}

/** As in the package, which lies two folders up from the source and from what is built of it. */
function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { readonly version: string }).version;
}
