export type BillStage = 'poll' | 'stream' | 'bronze' | 'silver' | 'gold' | 'watch';

/** How much of an item of the price file a stage uses in a month. */
export interface Usage {
  readonly stage: BillStage;
  readonly service: string;
  /** Of cost/prices.json. */
  readonly item: string;
  readonly quantity: number;
  /** What it is used for, in a few words. */
  readonly what: string;
}
