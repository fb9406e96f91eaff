import { describe, expect, it } from 'vitest';
import { checkLiteral, isPublicAddress, publicLookup } from '../../../lib/poll/fetch/address.ts';

describe('a public address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '203.1.113.1', '2606:4700::1111', '2a00:1450:4001:81b::200e', '::ffff:8.8.8.8'])(
    'is %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254', // metadata of the cloud
    '169.254.170.2',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    'fe80::1',
    'fec0::1',
    'fd00:ec2::254',
    'ff02::1',
    'not an address',
    '',
  ])('is not %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a URL with a literal address', () => {
  it.each([
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:7f00:1]/',
    'https://169.254.169.254/latest/meta-data/',
  ])('%s is refused, however it is written', (url) => {
    expect(() => checkLiteral(new URL(url), [])).toThrow(/is not an address of the public internet/);
  });

  it('is taken where its host and port are allowed, and on no other port', () => {
    expect(() => checkLiteral(new URL('http://127.0.0.1:8010/x'), ['127.0.0.1:8010'])).not.toThrow();
    expect(() => checkLiteral(new URL('http://127.0.0.1:8011/x'), ['127.0.0.1:8010'])).toThrow();
    expect(() => checkLiteral(new URL('https://10.0.0.1/x'), ['10.0.0.1:443'])).not.toThrow();
  });
});

describe('a name', () => {
  const answer = (...addresses: string[]) =>
    publicLookup(((_: string, __: object, callback: (error: null, found: object[]) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as never);
  const look = (lookup: ReturnType<typeof publicLookup>, all: boolean) =>
    new Promise((resolve, reject) =>
      lookup('feeds.example', { all }, (error, address, family) =>
        error ? reject(error) : resolve(all ? address : [address, family]),
      ),
    );

  it('that has private addresses among its own is connected to at its public ones', async () => {
    expect(await look(answer('10.0.0.1', '8.8.8.8', '::1'), true)).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(await look(answer('10.0.0.1', '2606:4700::1111'), false)).toEqual(['2606:4700::1111', 6]);
  });

  it('that has none but private ones is refused', async () => {
    await expect(look(answer('127.0.0.1', '::1'), true)).rejects.toMatchObject({ reason: 'forbidden_address' });
  });
});
