import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { FetchFailure } from './failure.ts';

/** The first three bits of global unicast addresses (2000::/3): what else IPv6 has is special, or an old way to write IPv4. */
const GLOBAL_UNICAST = 0x2000;
const GLOBAL_MASK = 0xe000;

/**
 * Whether an address is of the public internet. Feed URLs come from strangers, so nothing else is connected to: not loopback, link-local
 * (cloud metadata), private, carrier-grade, multicast, reserved, nor an IPv4 address in the clothes of IPv6 (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || ((parsed.parts[0] ?? 0) & GLOBAL_MASK) === GLOBAL_UNICAST;
}

/** `host:port` of a URL, with the port also where it is the protocol's own. */
export function hostPort({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

export const forbiddenAddress = (host: string): FetchFailure =>
  new FetchFailure(
    'forbidden_address',
    `${host} is not an address of the public internet, so it is not polled. Allow a feed inside your network by FEED_ALLOWED_HOSTS=host:port`,
  );

/** Throws `forbidden_address` for a URL whose host is a literal address that is not public: no name is looked up for it. */
export function checkLiteral(url: URL, allowed: readonly string[]): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isPublicAddress(host) && !allowed.includes(hostPort(url))) throw forbiddenAddress(host);
}

/** Looks a name up as the system does, and leaves only public addresses: the socket connects to what was checked, so no second answer can differ. */
export const publicLookup =
  (resolve: typeof systemLookup = systemLookup): LookupFunction =>
  (hostname, options, callback) => {
    const all: LookupOptions & { all: true } = { ...options, all: true };
    resolve(hostname, all, (error, addresses) => {
      if (error) return callback(error, []);
      const open = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = open;
      if (!first) return callback(forbiddenAddress(hostname), []);
      if (options.all) callback(null, open as LookupAddress[]);
      else callback(null, first.address, first.family);
    });
  };
