import { Command } from 'commander';

/** The command `holdfast`; answers the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('holdfast');
  await program.parseAsync(args, { from: 'user' });
  return 0;
}
