"""Prints, as JSON, the final chains that the design's model can reach on each of its streams. Run by model.test.ts: python3 model.py <folder of silver_model.py>"""
import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import silver_model as model


def final_chains(m):
    first = m.init()
    seen, left, chains = {first}, [first], set()
    while left:
        world = left.pop()
        if m.ended(world):
            m.final(world)
            chains.add(json.dumps([chain_of(lane[0]) for lane in world[0]]))
        for _, following, _ in m.succ(world):
            if following not in seen:
                seen.add(following)
                left.append(following)
    return sorted(chains)


def chain_of(lane):
    return [object_of(date, model.T[o]) for date, o in (model.T[lane] if lane else ())]


def object_of(date, o):
    shard, first, last, newest, counts, rows, _, next_date = o
    if next_date != -9:
        return ['turn', date, next_date]
    return [date, shard, first, last, list(newest), list(counts), [list(row) for row in rows]]


def options(name):
    if name in model.LONG:
        return {'maxb': 3}
    return {'expire': 'snap'} if name in ('SILENT', 'QUIET') else {}


streams = {**model.STREAMS, **model.LONG, 'SILENT': model.SILENT, 'QUIET': model.QUIET, 'HOP': model.HOP}
faults = int(sys.argv[2])
names = sys.argv[3:] or list(streams)
print(json.dumps({
    name: final_chains(model.Model(streams[name], faults=faults, guard=True, **options(name))) for name in names
}))
