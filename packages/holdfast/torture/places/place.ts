import {
  type ClientName,
  CLIENTS,
  type LinkOptions,
  type StoreName,
  type Whereabouts,
} from '../links/link.ts';
import { postgresPlace } from './postgres.ts';
import { redisPlace } from './redis.ts';
import { sqlitePlace } from './sqlite.ts';

/** Where a store keeps its records: a server, or a folder; and what can happen to it. */
export interface Place extends Whereabouts {
  /** How clients of this place are set up. */
  readonly link: LinkOptions;
  readonly faults: readonly Fault[];
  /** Ends the server, and removes what it has left. */
  close(): Promise<void>;
}

/** An outage, of a whole place. */
export interface Fault {
  readonly name: string;
  begin(): Promise<void>;
  /** The place can be used from then on. */
  end(): Promise<void>;
}

/** How a place is to be. */
export interface PlaceOptions {
  readonly client: ClientName;
  /** Little room, so that its disk can be filled: then `faults` is that alone. */
  readonly isSmall: boolean;
}

const PLACES = { sqlite: sqlitePlace, redis: redisPlace, postgres: postgresPlace };

/** @throws (the promise rejects) NoRoomError if a small place cannot be made on this machine. */
export function openPlace(
  store: StoreName,
  { client = CLIENTS[store][0], isSmall = false }: Partial<PlaceOptions> = {},
) {
  return PLACES[store]({ client, isSmall });
}
