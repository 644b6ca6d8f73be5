import type { Descriptor, OptionsOf } from '../../core/options.ts';

const RANGE = 'at most 100 characters, without { and }';

export const redisStoreOptions = {
  /**
   * What the keys begin with: a record is `<prefix>{<id>}`. At most 100 characters, without braces, which
   * mark what a cluster places keys by. Default `holdfast:`.
   */
  prefix: {
    kind: 'text',
    what: 'What the keys begin with',
    default: 'holdfast:',
    range: RANGE,
    schema: { type: 'string', maxLength: 100, pattern: '^[^{}]*$' },
    parse: (given, path, problems) => {
      const value = given === undefined ? 'holdfast:' : given;
      if (typeof value !== 'string') problems.type(path, `a string of ${RANGE}`, given);
      else if (value.length > 100 || /[{}]/.test(value)) problems.range(path, RANGE, given);
      return value as string;
    },
  } satisfies Descriptor<string, string>,
};

/** See `redisStore`. */
export interface RedisStoreOptions extends OptionsOf<typeof redisStoreOptions> {}
