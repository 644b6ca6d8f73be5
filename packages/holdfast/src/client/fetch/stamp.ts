/** What is known of objects that others have made. */
export interface Stamp<V> {
  get(object: object): V | undefined;
  set(object: object, value: V): void;
}

/**
 * A `WeakMap` in all but its price: the value sits in a private field that is put onto the object
 * itself, which nobody else can see. A weak map's entry costs the collector far more, on every
 * response of every call.
 */
export function stamp<V>(): Stamp<V> {
  class Stamped extends Given {
    #value: V;

    constructor(object: object, value: V) {
      super(object);
      this.#value = value;
    }

    static get(object: object): V | undefined {
      return #value in object ? object.#value : undefined;
    }

    static set(object: object, value: V): void {
      const stamped = #value in object ? object : new Stamped(object, value);
      stamped.#value = value;
    }
  }
  return Stamped;
}

/** A class whose new object is the one that it is given, so that a class over it adds its fields to that. */
const Given = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;
