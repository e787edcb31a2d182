#!/usr/bin/env python3
"""Writes the bill of materials (CycloneDX JSON) and the list of licences of an image: what Buildroot packed, what cargo linked."""
import argparse
import json
import uuid


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("board", "version", "buildroot", "cargo", "sbom", "licences"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--versions", help="lines of a package and the version that was built in place of Buildroot's")
    return parser.parse_args()


def read_versions(path):
    if path is None:
        return {}
    with open(path, encoding="utf-8") as file:
        return dict(line.split() for line in file if line.strip())


def is_packed(name, package):
    """On the target, and not only a folder layout or our own programs, which cargo tells of."""
    on_target = package.get("type") == "target" and not package.get("virtual") and package.get("install_target", True)
    return on_target and name != "dkvm" and not name.startswith("skeleton")


def buildroot_parts(path, versions):
    with open(path, encoding="utf-8") as file:
        packages = json.load(file)
    for name, package in sorted(packages.items()):
        if not is_packed(name, package):
            continue
        other = versions.get(name)
        yield {
            "type": "library",
            "bom-ref": f"buildroot/{name}",
            "name": package.get("name", name),
            "version": other or package.get("version") or "none",
            "licence": package.get("licenses") or "unknown",
            # It names Buildroot's version.
            "cpe": None if other else package.get("cpe-id"),
        }


def linked(metadata):
    """Ids of the crates that the two programs link: neither build scripts nor tests."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    waiting = [id for id, name in names.items() if name in ("dkvm", "dkvm-device")]
    seen = set()
    while waiting:
        id = waiting.pop()
        if id in seen:
            continue
        seen.add(id)
        for dependency in nodes[id]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return seen


def cargo_parts(path):
    with open(path, encoding="utf-8") as file:
        metadata = json.load(file)
    wanted = linked(metadata)
    for package in sorted(metadata["packages"], key=lambda package: (package["name"], package["version"])):
        if package["id"] not in wanted:
            continue
        yield {
            "type": "library",
            "bom-ref": f"cargo/{package['name']}@{package['version']}",
            "name": package["name"],
            "version": package["version"],
            "licence": package.get("license") or "see its file",
            "purl": f"pkg:cargo/{package['name']}@{package['version']}" if package.get("source") else None,
        }


def component(part):
    kept = {key: value for key, value in part.items() if value and key != "licence"}
    kept["licenses"] = [{"license": {"name": part["licence"]}}]
    return kept


def main():
    options = arguments()
    parts = list(buildroot_parts(options.buildroot, read_versions(options.versions))) + list(cargo_parts(options.cargo))
    if not parts:
        raise SystemExit("sbom: neither Buildroot nor cargo named a part")
    name = f"dkvm-{options.board}"
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Of the name alone, so that the same image has the same bill.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name + options.version)}",
        "version": 1,
        "metadata": {"component": {"type": "firmware", "name": name, "version": options.version}},
        "components": [component(part) for part in parts],
    }
    with open(options.sbom, "w", encoding="utf-8") as file:
        json.dump(bom, file, indent=1, sort_keys=True)
        file.write("\n")
    width = max(len(f"{part['name']} {part['version']}") for part in parts)
    with open(options.licences, "w", encoding="utf-8") as file:
        for part in parts:
            label = f"{part['name']} {part['version']}"
            file.write(f"{label:{width}}  {part['licence']}\n")


main()
