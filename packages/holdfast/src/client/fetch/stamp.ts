/** What is known of objects that others have made. */
export interface Stamp<V> {
  get(object: object): V | undefined;
  set(object: object, value: V): void;
}

/**
 * Does what a `WeakMap` does, for less: the value sits in a private field on the object itself, which
 * nobody else can see. An entry of a weak map costs the garbage collector far more, and there would be
 * one for every response.
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

/** A class whose constructor returns the object that it is given: a class that extends it adds its fields to that object. */
const Given = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;
