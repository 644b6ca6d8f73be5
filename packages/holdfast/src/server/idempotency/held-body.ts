import { checkPiece } from './piece.ts';

/** What a handler has written of a body, before any of it leaves. */
export class HeldBody {
  /** Bytes. */
  size = 0;
  #pieces: (string | Buffer)[] = [];

  /**
   * Bytes are copied, since a handler may use its buffer again.
   *
   * @throws TypeError for an encoding that Node does not know, and for what is neither text nor bytes.
   */
  add(chunk: string | Uint8Array, encoding: BufferEncoding = 'utf8'): void {
    checkPiece(chunk);
    const piece = typeof chunk === 'string' ? pieceOf(chunk, encoding) : Buffer.from(chunk);
    this.#pieces.push(piece);
    this.size += Buffer.byteLength(piece);
  }

  clear(): void {
    this.#pieces = [];
    this.size = 0;
  }

  /** All of it. One text stays one: Node sends that together with the head. */
  whole(): string | Buffer {
    const [first = ''] = this.#pieces;
    return this.#pieces.length > 1 ? Buffer.concat(this.#pieces.map(bytesOf)) : first;
  }
}

/** UTF-8 stays text. Of others, nothing but decoding tells their size: Node's `byteLength` guesses it. */
function pieceOf(text: string, encoding: BufferEncoding): string | Buffer {
  return /^utf-?8$/i.test(encoding) ? text : Buffer.from(text, encoding);
}

function bytesOf(piece: string | Buffer): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece) : piece;
}
