import { describe, expect, it } from 'vitest';
import { redactedUrl } from '../../../lib/poll/fetch/redact.ts';
import { redirectTarget } from '../../../lib/poll/fetch/redirect.ts';

const target = (from: string, to: string | undefined, secrets: string[] = []) =>
  redirectTarget(new URL(from), to, secrets).href;

describe('a redirect', () => {
  it('leads where it says, also relative', () => {
    expect(target('https://a.example/x/gbfs.json', '../y.json')).toBe('https://a.example/y.json');
    expect(target('http://a.example/x', 'https://a.example/x')).toBe('https://a.example/x');
  });

  it('takes no credential of ours to another host', () => {
    expect(target('https://a.example/x?key=abc123', 'https://a.example/y?key=abc123')).toBe(
      'https://a.example/y?key=abc123',
    );
    expect(target('https://a.example/x?key=abc123', 'https://b.example/y?key=abc123&v=2')).toBe(
      'https://b.example/y?v=2',
    );
    expect(target('https://a.example/x', 'https://user:pass@b.example/y#part')).toBe('https://b.example/y');
  });

  it.each([
    ['https://a.example/x', 'http://a.example/x', [], 'downgrade_refused'],
    ['http://a.example/secretkey/x', 'http://b.example/secretkey/x', ['secretkey'], 'credentials_refused'],
    ['https://a.example/x', 'file:///etc/passwd', [], 'bad_redirect'],
    ['https://a.example/x', undefined, [], 'bad_redirect'],
    ['https://a.example/x', 'http://', [], 'bad_redirect'],
  ])('from %s to %s is refused', (from, to, secrets, reason) => {
    expect(() => target(from, to, secrets)).toThrow(expect.objectContaining({ reason }));
  });

  it('is refused without showing the key', () => {
    expect(() => target('http://a.example/secretkey/x', 'http://b.example/secretkey/x', ['secretkey'])).toThrow(
      'http://a.example/***/x redirects to http://b.example/***/x: the key is not given to another host',
    );
  });
});

describe('a URL in a log', () => {
  it.each([
    ['https://user:pass@a.example:8443/x?key=abc&key=def&lang=en#y', [], 'https://a.example:8443/x?key=***&lang=***'],
    ['http://seoul.example:8088/se%2Fcret/json', ['se/cret'], 'http://seoul.example:8088/***/json'],
    ['no url', [], 'a text that is no URL'],
  ])('%s', (url, secrets, shown) => {
    expect(redactedUrl(url, secrets)).toBe(shown);
  });
});
