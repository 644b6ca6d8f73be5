import type { RuntimeEvent } from '../runtime/runtime.ts';

/** A sink that keeps what it is told. */
export interface RecordingSink {
  (event: RuntimeEvent): void;
  /** All of them, oldest first. */
  readonly events: readonly RuntimeEvent[];
  /** The events of one type. */
  of(type: string): readonly RuntimeEvent[];
  /** Forgets them. */
  clear(): void;
}

/** Records events, for tests to look at. */
export function recordingSink(): RecordingSink {
  const events: RuntimeEvent[] = [];
  const record = (event: RuntimeEvent): void => {
    events.push(event);
  };
  return Object.assign(record, {
    events,
    of: (type: string) => events.filter((event) => event.type === type),
    clear: () => {
      events.length = 0;
    },
  });
}
