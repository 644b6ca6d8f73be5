import { createHash } from 'node:crypto';
import { shipped } from '../shipped.ts';

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

function load(name: string): Script {
  const text = shipped(`redis/${name}.lua`);
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
