import { readFileSync } from 'node:fs';
import type { Usage } from './usage.ts';

export const REGIONS = ['us-east-1', 'ap-northeast-2'] as const;
export type Region = (typeof REGIONS)[number];

interface Price {
  readonly item: string;
  readonly unit: string;
  readonly always_free: number;
  readonly source: string;
  readonly 'us-east-1': { readonly usd: number; readonly looked_up: boolean };
  readonly 'ap-northeast-2': { readonly usd: number; readonly looked_up: boolean };
}
export interface Prices {
  readonly date: string;
  readonly prices: readonly Price[];
}

/** A line of a bill, with what the always-free tier takes off it. */
export interface BillLine extends Usage {
  readonly unit: string;
  readonly usd: number;
  readonly free_usd: number;
}
export interface Bill {
  readonly lines: readonly BillLine[];
  readonly list_usd: number;
  /** With the free tier, as if nothing else in the account used it. */
  readonly free_tier_usd: number;
  /** Share of the list total that is priced from memory. */
  readonly from_memory_usd: number;
}

export const readPrices = (): Prices =>
  JSON.parse(readFileSync(new URL('../prices.json', import.meta.url), 'utf8')) as Prices;

/** Prices usage. The free quantity of an item is taken from its lines in their order. */
export function billOf(usage: readonly Usage[], { prices }: Prices, region: Region): Bill {
  const left = new Map(prices.map(({ item, always_free }) => [item, always_free]));
  let memory = 0;
  const lines = usage.map((use): BillLine => {
    const price = prices.find(({ item }) => item === use.item);
    if (price === undefined) throw new Error(`cost/prices.json has no ${use.item}: add it with its source`);
    const free = Math.min(use.quantity, left.get(use.item) ?? 0);
    left.set(use.item, (left.get(use.item) ?? 0) - free);
    const { usd, looked_up } = price[region];
    if (!looked_up) memory += use.quantity * usd;
    return { ...use, unit: price.unit, usd: use.quantity * usd, free_usd: free * usd };
  });
  const list_usd = lines.reduce((sum, line) => sum + line.usd, 0);
  const free_usd = lines.reduce((sum, line) => sum + line.free_usd, 0);
  return { lines, list_usd, free_tier_usd: list_usd - free_usd, from_memory_usd: memory };
}
