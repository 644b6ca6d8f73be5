import { CRITICALITIES, type Criticality } from '../../core/operation.ts';
import {
  callback,
  type Descriptor,
  duration,
  integer,
  oneOf,
  type OptionsOf,
  type ParsedOf,
} from '../../core/options.ts';
import { durationOrOff } from '../options.ts';

/** A host as URLs have it, with its port if one is given; null if it is no host. */
function hostOf(given: unknown): string | null {
  if (typeof given !== 'string' || !/^[^\s/@?#*\\]+$/.test(given)) return null;
  const port = /:\d+$/.exec(given)?.[0] ?? '';
  // As URLs spell it: capitals, or an umlaut, would never match.
  const hostname = URL.parse(`https://${given}`)?.hostname;
  return hostname === undefined ? null : hostname + port;
}

/** A list of hosts, some with a port. */
function hosts(about: { readonly what: string }): Descriptor<readonly string[], readonly string[]> {
  const range = "an array of hosts ('api.internal', or 'api.internal:8080' for one port)";
  return {
    kind: 'hosts',
    what: about.what,
    default: [],
    range,
    schema: { type: 'array', items: { type: 'string' } },
    parse: (given = [], path, problems) => {
      if (!Array.isArray(given)) {
        problems.type(path, range, given);
        return [];
      }
      const known = given.map(hostOf);
      const wrong = known.indexOf(null);
      if (wrong !== -1) problems.type(`${path}[${wrong}]`, 'a host without a path', given[wrong]);
      return known.filter((host) => host !== null);
    },
  };
}

const criticality = oneOf(CRITICALITIES, {
  what: 'How important these calls are',
  default: 'critical',
});

/** The options of `resilientFetch`. */
export const fetchOptions = {
  /** What sends the requests. Default: the global `fetch`, as it is at each call. */
  fetch: callback<typeof fetch>({ what: 'What sends the requests' }),
  /**
   * `auto` gives a POST or PATCH an `Idempotency-Key` if it has none: the same key for all attempts of
   * a call. That makes the request safe to repeat, but only with servers that heed the key. Default
   * `none`.
   */
  idempotencyKey: oneOf(['auto', 'none'], {
    what: 'Whether POST and PATCH get an Idempotency-Key',
    default: 'none',
  }),
  /** How long a body may bring nothing while it is being read; false for no limit. Default 10 s. */
  bodyIdleTimeout: durationOrOff(
    duration({
      what: 'The longest pause in a body while it is being read',
      default: '10s',
      min: 1,
    }),
  ),
  /**
   * How many bytes of a request body that can be read only once are kept, to be sent again. A longer
   * one is streamed, and not sent again. Default 65536; 0 streams all of them.
   */
  maxBufferedBody: integer({
    what: 'How many bytes of a one-shot request body are kept, to be sent again',
    default: 65_536,
    min: 0,
    max: 1_073_741_824,
  }),
  /** The hosts that are told deadline, attempt and criticality (`Holdfast-Context`). Default none. */
  contextHosts: hosts({ what: 'The hosts to which deadline, attempt and criticality are sent' }),
  /** How important these calls are. Default `critical`. */
  criticality: {
    ...criticality,
    parse: (given, path, problems) =>
      given === undefined ? undefined : criticality.parse(given, path, problems),
  } as Descriptor<Criticality, Criticality | undefined>,
};

/** See `resilientFetch`. */
export interface ResilientFetchOptions extends OptionsOf<typeof fetchOptions> {}
export type ParsedFetch = ParsedOf<typeof fetchOptions>;
