import { expect, test } from 'vitest';
import { loopback } from '../../rehearse/clients.ts';

test.each([
  'https://127.0.0.1:4566',
  'http://kinesis.ap-northeast-2.amazonaws.com',
  'http://127.0.0.1.example.com:4566',
  'http://localhost:4566',
  'http://10.0.0.1:4566',
])('%s is refused: a rehearsal speaks to nobody outside', (url) => {
  expect(() => loopback(url)).toThrow(expect.objectContaining({ reason: 'not_loopback' }));
});

test('the loopback address is taken', () => {
  expect(loopback('http://127.0.0.1:4566')).toBe('http://127.0.0.1:4566');
});
