import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundaryOf, multipartParts } from './multipart.ts';

interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly content: string | Uint8Array;
}

function form(boundary: string, parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ name, filename, content }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`,
    filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: image/png`,
    '\r\n\r\n',
    content,
    '\r\n',
  ]);
  return Buffer.concat(
    [...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece as string)),
  );
}

const parts: readonly Part[] = [
  { name: 'amount', content: '5' },
  { name: 'receipt', filename: 'r.png', content: Uint8Array.of(0, 13, 10, 255) },
];
const told = (boundary: string, given: readonly Part[]) =>
  multipartParts(form(boundary, given), boundary);

const batch = (content: string) =>
  multipartParts(Buffer.from(`--b\r\n\r\n${content}\r\n--b--`), 'b');

const readBack = (content: Uint8Array) => told('b0undary', [{ name: 'a', content }]);

describe('multipartParts', () => {
  it('reads the parts of what a browser sends', async () => {
    const data = new FormData();
    data.set('amount', '5');
    data.set('receipt', new Blob(['\r\n--x'], { type: 'image/png' }), 'r.png');
    const sent = new Request('http://a/', { method: 'POST', body: data });
    const boundary = boundaryOf(sent.headers.get('content-type')!);
    const read = multipartParts(await sent.bytes(), boundary);
    expect(read?.map(([headers]) => headers.toLowerCase())).toEqual([
      'content-disposition: form-data; name="amount"',
      'content-disposition: form-data; name="receipt"; filename="r.png"\r\ncontent-type: image/png',
    ]);
  });

  it('is the same with any boundary', () => {
    expect(told('one', parts)).toHaveLength(2);
    expect(told('another-one', parts)).toEqual(told('one', parts));
  });

  it('is another with any other name, file name, content or order', () => {
    const [amount, receipt] = parts as [Part, Part];
    for (const other of [
      [{ ...amount, name: 'tip' }, receipt],
      [{ ...amount, content: '6' }, receipt],
      [amount, { ...receipt, filename: 's.png' }],
      [amount, { ...receipt, content: Uint8Array.of(0, 13, 10, 254) }],
      [receipt, amount],
      [amount],
    ]) {
      expect(told('one', other)).not.toEqual(told('one', parts));
    }
  });

  it('tells apart the parts of a batch, which may have no headers', () => {
    expect(batch('GET /a\r\n\r\n')).toHaveLength(1);
    expect(batch('GET /a\r\n\r\n')).not.toEqual(batch('GET /b\r\n\r\n'));
    expect(batch('')).toHaveLength(1);
  });

  it('reads back whatever bytes are in a part', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (one, other) => {
        expect(readBack(one)).toHaveLength(1);
        const isSame = Buffer.from(one).equals(Buffer.from(other));
        expect(JSON.stringify(readBack(one)) === JSON.stringify(readBack(other))).toBe(isSame);
      }),
    );
  });

  const whole = form('b', parts).toString('latin1');
  it.each([
    ['without a boundary', '', whole],
    ['with too long a boundary', 'b'.repeat(71), form('b'.repeat(71), parts).toString('latin1')],
    ['with words before the first part', 'b', `hello\r\n${whole}`],
    ['with another beginning', 'b', `xxx${whole.slice(3)}`],
    ['with words after the last', 'b', `${whole}bye`],
    ['broken off', 'b', whole.slice(0, -5)],
    ['with a boundary that only begins like it', 'b', whole.replaceAll('--b\r\n', '--bc\r\n')],
    ['with a part without headers', 'b', '--b\r\n5\r\n--b--'],
    ['with endless headers', 'b', `--b\r\nA: ${'x'.repeat(10_000)}\r\n\r\n5\r\n--b--`],
    ['with too many parts', 'b', `${'--b\r\nA: a\r\n\r\n5\r\n'.repeat(1001)}--b--`],
    ['of nothing', 'b', ''],
  ])('leaves a form %s to be taken byte by byte', (_what, boundary, body) => {
    expect(multipartParts(Buffer.from(body, 'latin1'), boundary)).toBeNull();
  });
});

describe('boundaryOf', () => {
  it('finds it, quoted or not', () => {
    expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc');
    expect(boundaryOf('multipart/form-data; charset=utf-8; Boundary="a b"; x=y')).toBe('a b');
    expect(boundaryOf('multipart/form-data')).toBe('');
  });
});
