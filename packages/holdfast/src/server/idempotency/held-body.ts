/** What a handler has written of a body, before any of it leaves. */
export class HeldBody {
  /** Bytes. */
  size = 0;
  #pieces: Piece[] = [];

  /** Bytes are copied, since a handler may use its buffer again. */
  add(chunk: string | Uint8Array, encoding: BufferEncoding = 'utf8'): void {
    if (typeof chunk === 'string') {
      this.#pieces.push({ text: chunk, encoding });
      this.size += Buffer.byteLength(chunk, encoding);
    } else {
      this.#pieces.push({ bytes: Buffer.from(chunk) });
      this.size += chunk.length;
    }
  }

  clear(): void {
    this.#pieces = [];
    this.size = 0;
  }

  /** All of it. One text stays one: Node sends that together with the head. */
  whole(): string | Buffer {
    const [first] = this.#pieces;
    if (first === undefined) return '';
    if (this.#pieces.length > 1) return Buffer.concat(this.#pieces.map(bytesOf));
    return isUtf8(first) ? first.text : bytesOf(first);
  }
}

interface Text {
  readonly text: string;
  readonly encoding: BufferEncoding;
}

type Piece = Text | { readonly bytes: Buffer };

function bytesOf(piece: Piece): Buffer {
  return 'bytes' in piece ? piece.bytes : Buffer.from(piece.text, piece.encoding);
}

function isUtf8(piece: Piece): piece is Text {
  return 'text' in piece && /^utf-?8$/i.test(piece.encoding);
}
