"""Prints which IAM actions AWS's own handlers need for each resource type: JSON of type to operation to actions.

The resource provider schemas come with cfn-lint. Arguments: names of types; a type without a schema is left out.
"""

import json
import sys
from pathlib import Path

import cfnlint


def main() -> None:
    wanted = set(sys.argv[1:])
    found = {}
    folder = Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"
    for file in folder.glob("*.json"):
        schema = json.loads(file.read_text(encoding="utf-8"))
        handlers, name = schema.get("handlers"), schema.get("typeName")
        if handlers and name in wanted:
            found[name] = {
                operation: handler.get("permissions", [])
                for operation, handler in handlers.items()
                if operation != "list"
            }
    print(json.dumps(found, sort_keys=True))


main()
