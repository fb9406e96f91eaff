/**
 * The promises of each port, on every implementation: what the program relies on is stated once. `npm test` runs them on the memory
 * implementations and the embedded AWS; `npm run contract` on moto and ministack too.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointsSuite } from './checkpoints.suite.ts';
import { deliverySuite } from './delivery.suite.ts';
import { MINISTACK, MOTO } from './differences.ts';
import { EMBEDDED } from './embedded.ts';
import { logSuite } from './log.suite.ts';
import { MEMORY } from './memory.ts';
import type { Implementation, Ports } from './ports.ts';
import { promises } from './promise.ts';
import { pythonServer } from './python-server.ts';
import { statesSuite } from './states.suite.ts';
import { streamSuite } from './stream.suite.ts';

const SUITES = {
  log: logSuite,
  checkpoints: checkpointsSuite,
  'poll states': statesSuite,
  stream: streamSuite,
  delivery: deliverySuite,
};

const { CONTRACT_MOTO, CONTRACT_MINISTACK } = process.env;
const IMPLEMENTATIONS: readonly Implementation[] = [
  MEMORY,
  EMBEDDED,
  ...(CONTRACT_MOTO === undefined ? [] : [pythonServer('moto', CONTRACT_MOTO, MOTO)]),
  ...(CONTRACT_MINISTACK === undefined ? [] : [pythonServer('ministack', CONTRACT_MINISTACK, MINISTACK)]),
];

describe.each(IMPLEMENTATIONS)('$name', (implementation) => {
  let ports: Ports | undefined;
  beforeAll(async () => {
    ports = await implementation.start();
  });
  afterAll(() => ports?.close());

  const stated = new Set<string>();
  for (const [port, suite] of Object.entries(SUITES)) {
    describe(port, () => suite(promises(implementation, () => ports as Ports, stated)));
  }
  test('every known difference is one of a promise', () => {
    expect(Object.keys(implementation.differences).filter((text) => !stated.has(text))).toEqual([]);
  });
});
