import { type Descriptor, flag, type OptionsOf } from '../../core/options.ts';

/** A table's name, which is safe to stand in a statement. */
export interface TableName {
  /** As users write it. */
  readonly given: string;
  /** Quoted, with its schema if one was given; `suffix` makes another name beside it. */
  sql(suffix?: string): string;
}

/** PostgreSQL cuts names after 63 characters, and the longest suffix needs 11 of them. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,51}$/;

const RANGE =
  "a name like 'table' or 'schema.table', of letters, digits and underscores, at most 52 characters each";

export const tableOption = {
  /**
   * Where the records are kept: `table`, or `schema.table`. Letters, digits and underscores, at most 52 of
   * them each; upper and lower case are different. Default `holdfast_idempotency`.
   */
  table: {
    kind: 'table',
    what: 'Where the records are kept',
    default: 'holdfast_idempotency',
    range: RANGE,
    schema: { type: 'string' },
    parse: (given, path, problems) => {
      const value = given === undefined ? 'holdfast_idempotency' : given;
      if (typeof value !== 'string') {
        problems.type(path, RANGE, given);
        return tableName('');
      }
      const parts = value.split('.');
      if (parts.length > 2 || !parts.every((part) => IDENTIFIER.test(part))) {
        problems.range(path, RANGE, given);
      }
      return tableName(value);
    },
  } satisfies Descriptor<string, TableName>,
};

export const postgresOptions = {
  ...tableOption,
  /**
   * Statements are prepared once for each connection. False for poolers that hand a connection on and do
   * not know them, like PgBouncer before 1.21, or with `max_prepared_statements = 0`. Default true.
   */
  prepare: flag({
    what: 'Whether statements are prepared once for each connection; false for poolers that do not know them',
    default: true,
  }),
};

/** See `postgresStore`. */
export interface PostgresStoreOptions extends OptionsOf<typeof postgresOptions> {}

/** See `migrate`. */
export interface MigrateOptions extends OptionsOf<typeof tableOption> {}

function tableName(given: string): TableName {
  const parts = given.split('.');
  return {
    given,
    sql: (suffix = '') =>
      parts.map((part, at) => `"${part}${at === parts.length - 1 ? suffix : ''}"`).join('.'),
  };
}
