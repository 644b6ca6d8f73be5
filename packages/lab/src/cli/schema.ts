import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { specSchema } from '../spec/schema.ts';
import { asGiven, once } from './once.ts';
import { write } from './write.ts';

/** `holdfast schema [--out file]`: the JSON Schema of the spec, for editors. */
export function addSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of the spec, for editors')
    .option('--out <file>', 'write to this file in place of stdout', once(asGiven))
    .action(async ({ out }: { readonly out?: string }, command: Command) => {
      const json = `${JSON.stringify(specSchema(), null, 2)}\n`;
      if (out === undefined) command.configureOutput().writeOut?.(json);
      else await write(out, json);
    });
}

/** Under this name `holdfast init` looks for the schema, beside the spec. */
export const SCHEMA_FILE = 'holdfast.schema.json';

/** Where the schema of a spec lies if it is there. */
export function schemaBeside(spec: string): string {
  return join(dirname(spec), SCHEMA_FILE);
}
