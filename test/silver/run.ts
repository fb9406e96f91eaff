import { foldNewestFolder } from '../../lib/silver/log.ts';
import { S3Log } from '../../lib/silver/s3-log.ts';
import { asFold, type Checked, canonical, checkChain, checkpointIn } from './oracle.ts';
import type { World } from './world.ts';

/** Bytes that decide, one after the other; when they are used up, what goes on as planned: the first plain move. */
export class Choices {
  readonly #bytes: ArrayLike<number>;
  #next = 0;

  constructor(bytes: ArrayLike<number>) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes[this.#next++] ?? 0;
  }

  of<T>(options: readonly T[]): T | undefined {
    return options[this.byte() % Math.max(1, options.length)];
  }
}

/** More steps than any schedule here needs: a program that goes round in circles ends here. */
const MAX_STEPS = 4000;

/** Drives a world to its end. `trouble`: of 256 steps, about how many go wrong while the choices last. */
export async function drive(world: World, choices: Choices, trouble: number): Promise<void> {
  for (let step = 0; !world.isDone(); step++) {
    if (step > MAX_STEPS) {
      world.cloud.violations.push(`I6 no end after ${MAX_STEPS} steps`);
      return;
    }
    world.do(nextMove(world, choices, trouble));
    await world.settle();
  }
}

function nextMove(world: World, choices: Choices, trouble: number) {
  if (choices.byte() > 255 - trouble) {
    const kinds = [
      () => world.callFaults(),
      () => world.callFaults(),
      () => world.kills(),
      () => world.checkpointFaults(),
      () => world.giveUps(),
      () => world.replacements(),
      () => world.expiries(),
    ];
    const move = choices.of(choices.of(kinds)?.() ?? []);
    if (move !== undefined) return move;
  }
  const move = choices.of(world.plainMoves());
  if (move === undefined) throw new Error(`I6 stuck: ${world.trace.join('\n')}`);
  return move;
}

/** Everything that must hold of a world that is done; the chains by lane. */
export async function violationsOf(world: World, isInOrder: boolean): Promise<readonly string[]> {
  const violations = [...world.cloud.violations];
  const sent = world.shards.map((shard) => shard.sent);
  for (const lane of world.lanes) {
    const checked = await checkChain(lane, world.cloud.chains.get(lane) ?? [], sent);
    violations.push(...checked.violations, ...missing(world, lane, checked), ...statesThatDiffer(world, lane, checked));
    violations.push(...(await newestFolderThatDiffers(world, lane, checked)));
    if (
      isInOrder &&
      world.given_up.size === 0 &&
      checked.consumed.join() !== [...checked.consumed].sort(byNumber).join()
    )
      violations.push(`I2 lane ${lane} is not in the order of the stream: ${checked.consumed.join()}`);
  }
  return violations;
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** Records of the lane that no object consumed, though nobody gave them up. */
function missing(world: World, lane: string, { consumed }: Checked): string[] {
  const own = world.shards.flatMap(({ sent }, s) => sent.flatMap((r, n) => (r.lane === lane ? [`${s}/${n}`] : [])));
  const lost = own.filter((record) => !consumed.includes(record) && !world.given_up.has(record));
  return lost.length === 0 ? [] : [`I3 consumed by no object of lane ${lane}: ${lost.join()}`];
}

/** Checkpoints and memories that are not the fold of the chain up to their version. */
function statesThatDiffer(world: World, lane: string, { folds }: Checked): string[] {
  const checkpoints = world.cloud.written
    .filter((item) => item.lane === lane)
    .map((item) => ['checkpoint', checkpointIn(item.bytes)] as const);
  const memories = world.envs.flatMap(({ memory }) => {
    const remembered = memory.get(lane);
    return remembered === undefined ? [] : [['memory', asFold(remembered.state)] as const];
  });
  return [...checkpoints, ...memories].flatMap(([what, state]) => {
    const [found, wanted] = [canonical(state), canonical(folds[state.version])];
    return found === wanted ? [] : [`${what} of lane ${lane}, version ${state.version}: ${found}, should be ${wanted}`];
  });
}

/** The newest folder alone, when all others have expired, gives the state. */
async function newestFolderThatDiffers({ cloud }: World, lane: string, { folds }: Checked): Promise<string[]> {
  for (const key of cloud.expirable(lane)) cloud.objects.delete(key);
  const { s3 } = cloud.clients((effect) => effect.answer(effect.perform()));
  const found = canonical(asFold(await foldNewestFolder(new S3Log(s3, 'lake'), lane)));
  const wanted = canonical(folds.at(-1));
  return found === wanted ? [] : [`newest folder of lane ${lane}: ${found}, should be ${wanted}`];
}
