import { Command, CommanderError } from 'commander';
import { addAudit } from './audit.ts';
import { addCompile } from './compile.ts';
import { addInit } from './init.ts';
import { addSimulate } from './simulate.ts';

/**
 * The command `holdfast`; answers the exit code: 0 if all is well, 1 if what was judged does not hold,
 * 2 if it could not be judged or was asked for in the wrong way.
 */
export async function main(args: readonly string[]): Promise<number> {
  const outcome = { code: 0 };
  const program = new Command('holdfast')
    .description("Audits a fleet's resilience policy, and rehearses it in virtual time.")
    .exitOverride();
  addInit(program);
  addCompile(program);
  addAudit(program, outcome);
  addSimulate(program, outcome);
  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return codeOf(error);
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
    program.configureOutput().writeErr?.(`holdfast: ${line}\n`);
    return 2;
  }
}

/** A command's own error has the code that the command gave it; Commander has told all of them. */
function codeOf(error: CommanderError): number {
  if (error.code === 'commander.error') return error.exitCode;
  return error.exitCode === 0 ? 0 : 2;
}
