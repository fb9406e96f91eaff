import { violationsOf } from './run.ts';
import type { Move, World } from './world.ts';

export interface Exploration {
  /** Schedules that were run, each from the beginning: one for every way into a state. */
  readonly runs: number;
  /** Different states of the world that were met. */
  readonly states: number;
  /** Different states in which everything had ended. */
  readonly ends: number;
  /** Whether every schedule within the bounds was run. */
  readonly isComplete: boolean;
  /** What `describe` says of the worlds that ended. */
  readonly outcomes: ReadonlySet<string>;
  /** The first schedule after which something does not hold: what, and its steps. */
  readonly violation: string | null;
}

export interface Bounds {
  /** Calls that fail, kills, time-outs and lost checkpoints in one schedule. */
  readonly faults: number;
  readonly max_runs: number;
  /** Whether records of shards are consumed in the order of the shards. */
  readonly isInOrder: boolean;
}

/** More steps than any schedule here needs. */
const MAX_DEPTH = 150;

/**
 * Every schedule of a small world within the bounds: at each step every move is tried. Worlds can't be copied, so each schedule is
 * run from the beginning; one that comes to a state that was met before ends there, because nothing new can follow from it.
 */
export async function explore(
  make: () => World,
  bounds: Bounds,
  describe: (world: World) => Promise<string> = async () => '',
): Promise<Exploration> {
  const seen = new Set<string>();
  const outcomes = new Set<string>();
  const open: number[][] = [[]];
  let runs = 0;
  let ends = 0;
  const result = (violation: string | null): Exploration => {
    return { runs, states: seen.size, ends, isComplete: open.length === 0, outcomes, violation };
  };
  while (open.length > 0 && runs < bounds.max_runs) {
    const prefix = open.pop() ?? [];
    runs += 1;
    const world = make();
    let faults = bounds.faults;
    for (let depth = 0; ; depth++) {
      if (depth >= prefix.length) {
        const state = `${faults}\n${world.fingerprint()}`;
        if (seen.has(state)) break;
        seen.add(state);
        if (world.isDone()) {
          ends += 1;
          outcomes.add(await describe(world));
        }
        const violations = [
          ...(world.isDone() ? await violationsOf(world, bounds.isInOrder) : world.cloud.violations),
          ...(depth > MAX_DEPTH ? [`I6 no end after ${MAX_DEPTH} steps`] : []),
        ];
        if (violations.length > 0)
          return result(`${violations.join('\n')}\n\nwhat happened:\n${world.trace.join('\n')}`);
        if (world.isDone()) break;
      }
      const free = [...world.plainMoves(world.distinctEnvs()), ...world.giveUps(), ...world.expiries()];
      const moves: readonly Move[] = faults === 0 ? free : [...free, ...faultMoves(world)];
      if (depth >= prefix.length) {
        for (let n = 1; n < moves.length; n++) open.push([...prefix, n]);
        prefix.push(0);
      }
      const choice = prefix[depth] ?? 0;
      const move = moves[choice];
      if (move === undefined) return result(`I6 stuck\n\nwhat happened:\n${world.trace.join('\n')}`);
      if (choice >= free.length) faults -= 1;
      world.do(move);
      await world.settle();
    }
  }
  return result(null);
}

const faultMoves = (world: World): Move[] => [...world.callFaults(), ...world.kills(), ...world.checkpointFaults()];
