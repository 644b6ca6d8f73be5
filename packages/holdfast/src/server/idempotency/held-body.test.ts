import { describe, expect, it } from 'vitest';
import { HeldBody } from './held-body.ts';

function bodyOf(...chunks: readonly [string | Uint8Array, BufferEncoding?][]): HeldBody {
  const body = new HeldBody();
  for (const [chunk, encoding] of chunks) body.add(chunk, encoding);
  return body;
}

describe('a held body', () => {
  it.each<[what: string, body: HeldBody, size: number, whole: string | Buffer]>([
    ['nothing', bodyOf(), 0, ''],
    ['one text, as it is', bodyOf(['né']), 3, 'né'],
    ['whatever the case of its encoding', bodyOf(['né', 'UTF-8' as 'utf-8']), 3, 'né'],
    ['half a pair, which is sent as the sign for it', bodyOf(['\ud800']), 3, '\ud800'],
    ['one text of another encoding, as bytes', bodyOf(['c3a9', 'hex']), 2, Buffer.from('é')],
    ['one that says less in fewer bytes', bodyOf(['é', 'latin1']), 1, Buffer.from([0xe9])],
    ['base64 in lines', bodyOf(['w6\nk=\n', 'base64']), 2, Buffer.from('é')],
    ['hexadecimal up to where it is none', bodyOf(['c3a9zz', 'hex']), 2, Buffer.from('é')],
    ['bytes', bodyOf([Buffer.from('é')]), 2, Buffer.from('é')],
    ['several, as bytes', bodyOf(['n'], ['6e', 'hex'], [Buffer.from('é')]), 4, Buffer.from('nné')],
  ])('is %s', (_what, body, size, whole) => {
    expect([body.size, body.whole()]).toEqual([size, whole]);
  });

  it('keeps bytes as they were when they were written', () => {
    const bytes = Buffer.from('a');
    const body = bodyOf([bytes]);
    bytes.fill('b');
    expect(String(body.whole())).toBe('a');
  });

  it('takes no text of an encoding that nobody knows', () => {
    const body = new HeldBody();
    expect(() => body.add('a', 'utf-9' as 'utf-8')).toThrow('Unknown encoding: utf-9');
    expect([body.size, body.whole()]).toEqual([0, '']);
  });

  it.each<[what: string, given: unknown]>([
    ['other numbers than bytes', new Float64Array([1.5])],
    ['a view', new DataView(new ArrayBuffer(2))],
    ['a buffer without a view', new ArrayBuffer(2)],
    ['a list', [1, 2]],
  ])('refuses %s, as Node does', (_what, given) => {
    const body = new HeldBody();
    expect(() => body.add(given as Uint8Array)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(body.size).toBe(0);
  });

  it('begins anew', () => {
    const body = bodyOf(['a']);
    body.clear();
    body.add('b');
    expect([body.size, body.whole()]).toEqual([1, 'b']);
  });
});
