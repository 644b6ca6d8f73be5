import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hashOf, incrementalSha256, sha256, tupleOf } from './hash.ts';

describe('hash', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.resetModules();
  });

  it('is SHA-256 as URL-safe base64, 43 characters', () => {
    // FIPS 180-2, appendix B.1.
    expect(sha256('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
    expect(sha256(new TextEncoder().encode('abc'))).toBe(sha256('abc'));
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('base64url'));
        expect(sha256(bytes)).toMatch(/^[A-Za-z0-9_-]{43}$/);
      }),
    );
  });

  it('is the same in pieces', () => {
    const whole = incrementalSha256()
      .update('a')
      .update(new Uint8Array([98]))
      .update('c')
      .digest();
    expect(whole).toBe(sha256('abc'));
  });

  it('tells tuples apart, whatever is in their texts', () => {
    const texts = fc.array(fc.oneof(fc.string(), fc.constantFrom('1:', '2;', '\ud800', '\udc00')));
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(hashOf(one) === hashOf(other)).toBe(isSame);
      }),
    );
    expect(hashOf(['a', 'b'])).not.toBe(hashOf(['a,b']));
    expect(hashOf(['a","b'])).not.toBe(hashOf(['a', 'b']));
    expect(hashOf(['', 'a'])).not.toBe(hashOf(['a']));
    expect(hashOf(['\ud800'])).not.toBe(hashOf(['\udbff']));
  });

  it('tells where a tuple ends from what comes behind it', () => {
    const text = fc.constantFrom('', 'x', '1:x', '\ud800', '"]');
    const texts = fc.array(text, { maxLength: 3 });
    fc.assert(
      fc.property(texts, texts, text, text, (one, other, behind, after) => {
        const isSame = JSON.stringify([one, behind]) === JSON.stringify([other, after]);
        expect(tupleOf(one) + behind === tupleOf(other) + after).toBe(isSame);
      }),
    );
    expect(tupleOf(['x'])).not.toBe(`${tupleOf([])}1:x`);
  });

  it('says so where there is no crypto', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
    vi.resetModules();
    const elsewhere = await import('./hash.ts');
    expect(() => elsewhere.sha256('abc')).toThrow(/needs node:crypto/);
  });
});
