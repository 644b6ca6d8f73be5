import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { initSpec } from '../spec/init.ts';
import { SCHEMA_FILE, schemaBeside } from './schema.ts';
import { write } from './write.ts';

/** `holdfast init [file]`: a commented spec to start from. */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a commented spec to start from')
    .argument('[file]', 'where to write it; nothing is overwritten', 'holdfast.yaml')
    .action(async (file: string, _options: unknown, command: Command) => {
      const schema = existsSync(schemaBeside(file)) ? `./${SCHEMA_FILE}` : null;
      await write(file, initSpec(schema), { flag: 'wx' });
      command.configureOutput().writeOut?.(`${file} is there. Next: holdfast audit ${file}\n`);
    });
}
