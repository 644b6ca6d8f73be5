import type { HoldfastEvent } from '../client/events.ts';
import type { RuntimeEvent } from '../runtime/runtime.ts';

/** A sink that keeps what it is told. */
export interface RecordingSink {
  (event: RuntimeEvent): void;
  /** All events, oldest first. */
  readonly events: readonly HoldfastEvent[];
  /** The events of one type. */
  of<T extends HoldfastEvent['type']>(type: T): readonly EventOf<T>[];
  /** Forgets them. */
  clear(): void;
}

type EventOf<T> = Extract<HoldfastEvent, { readonly type: T }>;

/** Records events, for tests to look at. */
export function recordingSink(): RecordingSink {
  const events: HoldfastEvent[] = [];
  const record = (event: RuntimeEvent): void => {
    events.push(event as HoldfastEvent);
  };
  return Object.assign(record, {
    events,
    of: <T extends HoldfastEvent['type']>(type: T) =>
      events.filter((event): event is EventOf<T> => event.type === type),
    clear: () => {
      events.length = 0;
    },
  });
}
