"""Checks docker-compose.yml against the compose schema that check-jsonschema carries; exit code 1 when it does not fit.

check-jsonschema's own command needs a newer click than Faust allows, so only its schema is used.
"""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path

import jsonschema
import ruamel.yaml

COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
SCHEMA = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"


def main() -> int:
    """0 when the file fits the schema."""
    schema = json.loads(Path(str(distribution("check-jsonschema").locate_file(SCHEMA))).read_text(encoding="utf-8"))
    compose = ruamel.yaml.YAML(typ="safe").load(COMPOSE)
    faults = list(jsonschema.Draft7Validator(schema).iter_errors(compose))
    for fault in faults:
        print(f"docker-compose.yml: {'.'.join(map(str, fault.absolute_path))}: {fault.message}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
