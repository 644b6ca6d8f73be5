import { systemRuntime } from 'holdfast';

/** What a simulation must not touch, by the object that has it. */
const REAL: readonly (readonly [owner: object, name: string, members: readonly string[]])[] = [
  [Date, 'Date', ['now']],
  [Math, 'Math', ['random']],
  [performance, 'performance', ['now']],
  [process, 'process', ['hrtime', 'uptime']],
  [crypto, 'crypto', ['getRandomValues', 'randomUUID']],
  // It keeps the timers that it was imported with.
  [
    systemRuntime.clock,
    'systemRuntime.clock',
    ['now', 'recent', 'wallTime', 'stoodStill', 'start', 'startUnref'],
  ],
  [
    globalThis,
    '',
    [
      'setTimeout',
      'setInterval',
      'setImmediate',
      'clearTimeout',
      'clearInterval',
      'clearImmediate',
    ],
  ],
];

/**
 * Makes real time, timers and randomness throw in this thread, for good: a simulation that reaches
 * for them could not be repeated. Call it when all modules are loaded, in a thread that does nothing else.
 */
export function forbidRealTime(): void {
  for (const [owner, name, members] of REAL) {
    for (const member of members) {
      const full = name === '' ? member : `${name}.${member}`;
      Object.defineProperty(owner, member, { value: forbidden(full), configurable: true });
    }
  }
  const forbiddenDate = forbidden('Date');
  globalThis.Date = new Proxy(Date, {
    apply: forbiddenDate,
    construct: (target, args: unknown[]) =>
      args.length === 0 ? forbiddenDate() : (Reflect.construct(target, args) as Date),
  });
}

function forbidden(what: string): () => never {
  return () => {
    throw new Error(`A simulation has used ${what}: its results could not be repeated.`);
  };
}
