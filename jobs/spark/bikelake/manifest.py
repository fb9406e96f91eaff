"""What settle remembers between runs."""
import hashlib
import json

KEY = "runs/manifest.json"
EMPTY = {"format": 1, "bronze": {}, "systems": {}, "lanes": {}, "log": {}, "open": {}, "untold": {}, "made": {}}


class Manifest:
    """
    A cache in the manner of make: whatever isn't in it, or was made from other inputs than those that are there now, is made again, with the
    same result. Losing it, or being killed before it is saved, costs time only.

    bronze: file -> what it holds of each slot date and kind (date, kind, first_ms, last_ms, first_basis_ms).
    systems: slot date -> the systems that Bronze has of it.
    lanes: lane -> the newest object of its chain that was looked at (version, date), and its first one (key).
    log: slot date -> the last object of the log that may concern its audit.
    open: slot dates with records that the log hadn't consumed when they were last audited.
    untold: slot dates that were settled since the last report was written.
    made: name -> inputs (a fingerprint), contents (table -> what the partition holds, in short).
    """

    def __init__(self, store):
        self._store = store
        self.content = {**json.loads(json.dumps(EMPTY)), **_stored(store)}

    def save(self):
        self._store.write(KEY, json.dumps(self.content, separators=(",", ":")))

    def forget(self, names):
        for name in list(names):
            self.content["made"].pop(name, None)

    def contents(self, name):
        """Table -> content of what was made under this name; none where nothing was."""
        return self.content["made"].get(name, {}).get("contents", {})

    def settled_dates(self):
        """Slot dates that are settled, sorted."""
        return sorted(name[len("settle ") :] for name in self.content["made"] if name.startswith("settle "))


def _stored(store):
    try:
        content = json.loads(store.read(KEY)) if store.exists(KEY) else {}
    except ValueError:
        return {}
    return content if content.get("format") == EMPTY["format"] else {}


def fingerprint(*inputs):
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:32]
