import { CRITICALITIES } from 'holdfast/spec';
import type { Queue } from '../spec/model.ts';
import type { Request } from './request.ts';

/** Requests in the order in which they came; any of them may leave. */
export class RequestList {
  head: Request | null = null;
  tail: Request | null = null;

  append(request: Request): void {
    const { tail } = this;
    request.previous = tail;
    if (tail === null) this.head = request;
    else tail.next = request;
    this.tail = request;
  }

  remove(request: Request): void {
    const { previous, next } = request;
    if (previous === null) this.head = next;
    else previous.next = next;
    if (next === null) this.tail = previous;
    else next.previous = previous;
    request.previous = null;
    request.next = null;
  }
}

/** Those who wait for one replica. */
export class WaitLine {
  length = 0;
  readonly #order: Queue['order'];
  /** One list a criticality in a line by priority, else one for all. */
  readonly #lists: readonly RequestList[];

  constructor(order: Queue['order']) {
    this.#order = order;
    const count = order === 'priority' ? CRITICALITIES.length : 1;
    this.#lists = Array.from({ length: count }, () => new RequestList());
  }

  add(request: Request): void {
    this.#listOf(request).append(request);
    this.length++;
  }

  remove(request: Request): void {
    this.#listOf(request).remove(request);
    this.length--;
  }

  /** Takes out whose turn it is. */
  take(): Request | null {
    for (const list of this.#lists) {
      const request = this.#order === 'lifo' ? list.tail : list.head;
      if (request === null) continue;
      this.remove(request);
      return request;
    }
    return null;
  }

  /** The last of those that are less important than this one; null without any, or if it does not matter here. */
  lastBelow({ rank }: Request): Request | null {
    for (let at = this.#lists.length - 1; at > rank; at--) {
      const { tail } = this.#lists[at]!;
      if (tail !== null) return tail;
    }
    return null;
  }

  #listOf(request: Request): RequestList {
    return this.#lists[this.#order === 'priority' ? request.rank : 0]!;
  }
}
