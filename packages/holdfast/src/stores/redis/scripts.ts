import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A Lua script that Redis runs as one atomic step. */
export interface Script {
  readonly text: string;
  /** By which Redis knows it once it has run. */
  readonly sha: string;
}

/** The steps of the port. Each touches the one key that it is given. */
export const scripts = {
  claim: load('claim'),
  extend: load('extend'),
  checkpoint: load('checkpoint'),
  complete: load('complete'),
  release: load('release'),
} as const;

/** The scripts are shipped in `src` alone, which lies as far from `dist` as from here. */
function load(name: string): Script {
  const folder = new URL('../../../src/stores/redis/', import.meta.url);
  const text = readFileSync(new URL(`${name}.lua`, folder), 'utf8');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
