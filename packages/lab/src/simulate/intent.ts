/**
 * What somebody wants done once at one service, however often it is asked for: by further attempts
 * of one call, or because the caller itself was asked again. So a repeated effect is recognised
 * wherever along the way it was repeated.
 */
export class Intent {
  /** Its effect has happened. */
  happened = false;
  #parts: (Intent | undefined)[] | null = null;

  /** What it wants done elsewhere, by the place of that call among the service's calls. */
  part(place: number): Intent {
    const parts = (this.#parts ??= []);
    return (parts[place] ??= new Intent());
  }
}

/** What a client of one's own wants, with what it says to a server of one's own. */
export class Message extends Intent {
  readonly body: unknown;

  constructor(body: unknown) {
    super();
    this.body = body;
  }
}
