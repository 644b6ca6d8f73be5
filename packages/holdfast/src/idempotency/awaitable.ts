/**
 * A value, or a promise of it. Whoever has an answer at hand gives it at once: a promise, and whoever waits for it, cost
 * more than looking a key up in memory.
 */
export type Awaitable<T> = T | Promise<T>;
