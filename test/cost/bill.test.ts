import { describe, expect, it } from 'vitest';
import { billOf, REGIONS, readPrices } from '../../cost/bill/bill.ts';
import { billsOf, MONTHS } from '../../cost/bill/bills.ts';
import { gbfs, seoul, world } from '../../cost/bill/scenario.ts';
import type { Usage } from '../../cost/bill/usage.ts';
import { readUnits, STAGES, withRetention } from '../../cost/units.ts';

const units = readUnits();

describe('a bill', () => {
  const price = (item: string, usd: number, always_free: number, looked_up = true) => ({
    item,
    unit: 'thing',
    always_free,
    source: 'here',
    'us-east-1': { usd, looked_up },
    'ap-northeast-2': { usd: usd * 2, looked_up: false },
  });
  const prices = { date: '2026-11-21', prices: [price('a', 0.5, 3), price('b', 10, 0, false)] };
  const use = (item: string, quantity: number): Usage => ({ stage: 'poll', service: 's', item, quantity, what: 'w' });

  it('is quantity times price, less what is free, which is free once', () => {
    const bill = billOf([use('a', 2), use('a', 4), use('b', 1)], prices, 'us-east-1');
    expect(bill.lines.map(({ usd, free_usd }) => [usd, free_usd])).toEqual([
      [1, 1],
      [2, 0.5],
      [10, 0],
    ]);
    expect(bill).toMatchObject({ list_usd: 13, free_tier_usd: 11.5, from_memory_usd: 10 });
    expect(billOf([use('b', 1)], prices, 'ap-northeast-2').list_usd).toBe(20);
  });

  it('has a price for everything, or throws', () => {
    expect(() => billOf([use('c', 1)], prices, 'us-east-1')).toThrow('has no c');
  });
});

describe('the price file', () => {
  it('names each item once, with prices of both regions and a source', () => {
    const { prices } = readPrices();
    expect(new Set(prices.map(({ item }) => item)).size).toBe(prices.length);
    for (const price of prices) {
      expect(price.source.length, price.item).toBeGreaterThan(5);
      for (const region of REGIONS) expect(price[region].usd, price.item).toBeGreaterThan(0);
      const isFromMemory = REGIONS.some((region) => !price[region].looked_up);
      if (isFromMemory) expect(price.source, price.item).toMatch(/memory|most regions/);
    }
  });
});

describe('what bikelake costs', () => {
  const lineOf = (item: string, scenario = seoul(), of = units) =>
    billsOf(of, scenario, 'prod').bikelake['us-east-1'][1].lines.filter((line) => line.item === item);

  it('has in it what is fixed, to the cent', () => {
    expect(lineOf('kinesis_shard_hour')).toMatchObject([{ quantity: 730, usd: 10.95 }]);
    expect(lineOf('schedule_invocation')).toMatchObject([{ quantity: 43_800, usd: expect.closeTo(0.0438, 6) }]);
    expect(lineOf('kinesis_extended_hour', seoul(), withRetention(units, 48))).toMatchObject([{ usd: 14.6 }]);
    expect(lineOf('kinesis_extended_hour', seoul(), withRetention(units, 24))).toEqual([]);
  });

  it('is planned as the plan is: 24 groups poll the world', () => {
    expect(world()).toMatchObject({ systems: 1500, stations: 227_000, groups: 24 });
    expect(seoul()).toMatchObject({ systems: 1, groups: 1, lanes: 1, seoul_stations: 2800 });
    expect(gbfs(40, 120, 6000)).toMatchObject({ systems: 40, stations: 6000, interval_s: 120, groups: 1, lanes: 2 });
  });

  it.each(STAGES.flatMap((stage) => [seoul(), world(), gbfs(1)].map((scenario) => [stage, scenario] as const)))(
    'is finite and above nothing: %s, $title',
    (stage, scenario) => {
      const bills = billsOf(units, scenario, stage);
      for (const design of [bills.bikelake, bills.naive]) {
        for (const region of REGIONS) {
          for (const month of MONTHS) {
            const bill = design[region][month];
            for (const { quantity, usd, free_usd, item } of bill.lines) {
              expect(quantity, item).toBeGreaterThan(0);
              expect(free_usd, item).toBeLessThanOrEqual(usd);
            }
            expect(bill.free_tier_usd).toBeGreaterThan(0);
            expect(Number.isFinite(bill.list_usd)).toBe(true);
          }
          expect(design[region][12].list_usd).toBeGreaterThan(design[region][1].list_usd);
        }
      }
      expect(bills.naive['us-east-1'][1].list_usd).toBeGreaterThan(bills.bikelake['us-east-1'][1].list_usd);
    },
  );

  it('halves with the interval, but for what is always there', () => {
    const usd = (item: string, interval_s: number): number =>
      lineOf(item, seoul(2800, interval_s)).reduce((sum, line) => sum + line.usd, 0);
    for (const item of ['lambda_request', 'kinesis_put_unit', 'firehose_gb', 'dynamodb_write_unit'])
      expect(usd(item, 120), item).toBeCloseTo(usd(item, 60) / 2, 9);
    expect(usd('kinesis_shard_hour', 120)).toBe(usd('kinesis_shard_hour', 60));
  });

  it('stays below what a change of order would make it', () => {
    const usd = (scenario = seoul()): number => billsOf(units, scenario, 'prod').bikelake['us-east-1'][1].list_usd;
    expect(usd()).toBeLessThan(45);
    expect(usd(world())).toBeLessThan(250);
  });
});
