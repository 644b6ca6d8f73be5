import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fakeRun, get, holding, listening } from '../../../test/holding.ts';
import { sendAnswer } from './response-head.ts';

describe('a head', () => {
  it('with a message that Node cannot send is refused as Node does, while an answer can begin anew', async () => {
    const run = fakeRun();
    const port = await holding(run, (response) => {
      response.statusMessage = '不';
      expect(() => response.end('a')).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_CHAR' }),
      );
      response.writeHead(500, 'Sorry').end('b');
    });
    expect(await get(port)).toMatchObject({ status: 500, message: 'Sorry', body: 'b' });
    expect(run.finished).toMatchObject([{ status: 500 }]);
  });

  it('says the name of a file as it was given, of an answer that was held and of its replay', async () => {
    const name = 'attachment; filename="é.pdf"';
    const held = await holding(fakeRun(), (response) => {
      response.setHeader('Content-Disposition', name);
      Readable.from([Buffer.from('pdf')]).pipe(response);
    });
    const text = await holding(fakeRun(), (response) => {
      response.setHeader('Content-Disposition', name);
      response.end('pdf');
    });
    const replay = await listening((_request, response) => {
      const headers = [['Content-Disposition', name]] as const;
      sendAnswer(response, { status: 200, headers, body: Buffer.from('pdf') });
    });
    for (const port of [held, text, replay]) {
      const { headers, body } = await get(port);
      expect(headers).toMatchObject({ 'content-disposition': name, 'content-length': '3' });
      expect(body).toBe('pdf');
    }
  });
});
