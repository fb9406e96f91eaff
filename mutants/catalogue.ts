import { GOLD } from './catalogue/gold.ts';
import { LOCAL } from './catalogue/local.ts';
import { PIPELINES } from './catalogue/pipeline.ts';
import { POLL } from './catalogue/poll.ts';
import { RECOVER } from './catalogue/recover.ts';
import { SILVER } from './catalogue/silver.ts';
import { STREAM } from './catalogue/stream.ts';
import { WATCH } from './catalogue/watch.ts';
import type { Mutant } from './mutant.ts';

/** All mutants, in the order of the data. */
export const MUTANTS: readonly Mutant[] = [
  ...POLL,
  ...STREAM,
  ...SILVER,
  ...GOLD,
  ...WATCH,
  ...LOCAL,
  ...PIPELINES,
  ...RECOVER,
];
