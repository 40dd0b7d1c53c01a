#!/usr/bin/env python3
"""Recompute this evidence pack with nothing but Python's standard library (3.9 or newer): python3 recompute.py [--head sha256:…]

It checks that no file of the pack was changed, that the log is one chain, that the log vouches for the numbers, and that every table has
the digest that the numbers were computed from; then it adds up the months, evaluates the nineteen indicators and scores them to the index.
Give --head with a head digest that you got from somebody else: only that shows that the whole chain was not rewritten.
本脚本仅用 Python 标准库:核对文件、日志链、数据表摘要,重新计算十九项指标与指数。
"""

import argparse
import bisect
import csv
import gzip
import hashlib
import json
import math
import sys
from pathlib import Path

GENESIS = "sha256:" + hashlib.sha256(b"green-compute-index").hexdigest()
HOURS_A_YEAR = 8760
RATIOS = ("reclaimed_water", "heat_reuse", "retired_equipment")
ENERGIES = {"D1": ("E_DC@D1", "E_IT@D1"), "D2": ("water@D2", "E_IT@D2")}  # other indicators read whole measures
problems = []


def problem(what, expected, seen):
    problems.append(what)
    print(f"DIFFERS 不一致  {what}\n  expected 应为 {expected}\n  seen 实为     {seen}")


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def read_json(root, name):
    return json.loads((root / name).read_text(encoding="utf-8"))


# files and log --------------------------------------------------------------------------------------------------------


def check_files(root):
    listed = read_json(root, "manifest.json")
    there = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()} - {"manifest.json"}
    there = {name for name in there if "__pycache__" not in name}
    for name in sorted(there ^ set(listed)):
        problem(f"file {name}", "listed and there", "not listed" if name in there else "missing")
    for name in sorted(there & set(listed)):
        seen = sha256((root / name).read_bytes())
        if seen != listed[name]:
            problem(f"file {name}", listed[name], seen)
    return len(listed)


def check_log(root):
    previous, entries = GENESIS, []
    for number, line in enumerate((root / "log.jsonl").read_text(encoding="utf-8").splitlines(), start=1):
        e = json.loads(line)
        head = sha256(canonical([e["n"], e["at"], e["kind"], e["name"], e["digest"], e["payload"], e["previous_head"]]))
        if (e["n"], e["previous_head"], e["head"]) != (number, previous, head):
            problem(f"log entry {number} ({e['kind']} {e['name']})", head, e["head"])
            return entries
        previous = head
        entries.append(e)
    return entries


def check_revision(root, about, entries):
    data = (root / "revision.json.gz").read_bytes()
    if not about["final"]:
        print("This result is not final: no entry of the log vouches for it. 本结果未定稿。")
        return json.loads(gzip.decompress(data))
    said = entries[about["entry"] - 1] if about["entry"] <= len(entries) else {"payload": {}, "head": "none"}
    named = said["payload"].get("months", {about["month"]: said["payload"]}).get(about["month"], {})
    if named.get("document") != sha256(data):
        problem(f"the document that log entry {about['entry']} made final", named.get("document"), sha256(data))
    if named.get("revisions", {}).get(about["site"]) != about["revision"]:
        problem("revision", about["revision"], named.get("revisions", {}).get(about["site"]))
    if said["head"] != about["head_digest"]:
        problem("head digest of the revision", about["head_digest"], said["head"])
    return json.loads(gzip.decompress(data))


def check_tables(root, document):
    count = 0
    for path in sorted((root / "tables").rglob("*.csv")):
        month, name = path.relative_to(root / "tables").as_posix().removesuffix(".csv").split("/", 1)
        expected, seen = document["tables"].get(month, {}).get(name, ["no such table"])[0], sha256(path.read_bytes())
        count += 1
        if seen != expected:
            problem(f"table {month} {name}", expected, seen)
    return count


# indicators -----------------------------------------------------------------------------------------------------------


def add(members):
    columns = {}
    for member in members:
        for key, value in member.items():
            columns.setdefault(key, []).append(value)
    return {key: total(values) for key, values in columns.items()}


def total(values):
    if any(value is None for value in values):
        return None
    return sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)


def carbon(c):
    return c["scope1"] + c["scope2_market"]


def claimed(c):
    return min(sum(v for k, v in c.items() if k.startswith("claimed.")), c["E_DC"])


def weighted(c):
    """Best routes first, up to E_DC."""
    lots = [(v, c["weighted." + k.split(".", 1)[1]]) for k, v in c.items() if k.startswith("claimed.") and v]
    left, parts = c["E_DC"], []
    for wh, worth in sorted(lots, key=lambda lot: -lot[1] / lot[0]):
        taken = min(wh, left)
        parts.append(worth if taken == wh else worth * taken / wh)
        left -= taken
    return math.fsum(parts)


def recovered(c):
    asked = [name for name in RATIOS if c[name + ".asked"]]
    subs = [min(1.0, c[n + ".part"] / c[n + ".full"] if c[n + ".full"] else 0.0) for n in asked]
    return (math.fsum(subs), len(asked)) if asked else (0, len(RATIOS))


def share(c):
    return c["score"], c["weight"], 1


FORMULAS = {  # numerator, denominator, factor: value = factor × numerator / denominator
    "A1": lambda c: (c["compute_gflops_h"], c["E_DC"], 1),
    "A2": lambda c: (c["design_power_kw"], 1, 1),
    "A3": share, "A4": share, "C1": share, "G1": share, "H1": share, "J1": share, "J2": share,
    "B1": lambda c: (c["used"], c["fitted"], 1),
    "B2": lambda c: (c["E_IT"], c["rated"], 1),
    "B3": lambda c: (c["fp32_used_hours"], c["fp32_hours"], 1),
    "D1": lambda c: (c["E_DC"], c["E_IT"], 1),
    "D2": lambda c: (c["water"], c["E_IT"], 1000),
    "E1": lambda c: (claimed(c), c["E_DC"], 1),
    "E2": lambda c: (weighted(c), c["E_DC"], 1),
    "F1": lambda c: (carbon(c), c["E_IT"], 1000),
    "F2": lambda c: (c["compute_gflops_h"] / 1000, carbon(c), 1000 / HOURS_A_YEAR),
    "K1": lambda c: (*recovered(c), 1),
}  # fmt: skip


def near(one, other):
    return one == other or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-12))


def check_indicators(document, about, edition):
    """The trailing values from the months' components; returns (values by code, how many were evaluated)."""
    site, month = about["site"], about["month"]
    rows = {}
    for row in document["rows"]["indicator_value"]:
        if row["entity_id"] == site and row["window"] == "month":
            rows.setdefault(row["code"], []).append((row["month"], json.loads(row["payload"])))
    published = {item["code"]: item for item in about["result"]["indicators"]}
    count = 0
    for code, item in published.items():
        if item["value"] is None:
            continue
        months = [value for when, value in sorted(rows[code], key=lambda pair: pair[0]) if value["components"]]
        kind = edition[code]["composition"]["months"]
        if kind == "last_month":
            months = [value for when, value in rows[code] if when == month]
        elif kind == "snapshots" and any(value["status"] == "measured" for value in months):
            months = [value for value in months if value["status"] != "carried_forward"]
        numerator, denominator, factor = FORMULAS[code](add(value["components"] for value in months))
        count += 1
        if not near(factor * numerator / denominator, item["value"]):
            problem(f"{code} {item['name']}", item["value"], factor * numerator / denominator)
        if not near(numerator, item["numerator"]):
            problem(f"numerator of {code}", item["numerator"], numerator)
    return count


def check_energies(root, document, about):
    """Each month's energies are the sum of the meters in the table; an exact sum of whole watt-hours or litres."""
    count = 0
    for row in document["rows"]["indicator_value"]:
        path = root / "tables" / row["month"] / "staging" / "energies.csv"
        if row["entity_id"] != about["site"] or row["window"] != "month" or row["code"] not in ENERGIES or not path.exists():
            continue
        value = json.loads(row["payload"])
        if value["value"] is None:
            continue
        header, *lines = csv.reader(path.read_text(encoding="utf-8").splitlines())
        table = [dict(zip([column.split(":")[0] for column in header], line)) for line in lines]
        for measure, published in zip(ENERGIES[row["code"]], (value["numerator"], value["denominator"])):
            own = [r for r in table if r["site_id"] == about["site"] and r["measure"] == measure and r["meter_id"]]
            seen = sum(int(r["quantity"]) for r in own)
            count += 1
            if seen != published:
                problem(f"{row['month']} {measure}: sum of {len(own)} meters", published, seen)
    return count


# scores ---------------------------------------------------------------------------------------------------------------


def points(score, value):
    if score["kind"] == "share":
        return 100.0 * min(1.0, max(0.0, value))
    at = [anchor["at"] for anchor in score["anchors"]]
    marks = [anchor["points"] for anchor in score["anchors"]]
    if score["kind"] == "step":
        return marks[max(bisect.bisect_right(at, value) - 1, 0)]
    if value <= at[0] or value >= at[-1]:
        return marks[0] if value <= at[0] else marks[-1]
    i = bisect.bisect_right(at, value)
    scale = math.log if score["kind"] == "log" else float
    part = (scale(value) - scale(at[i - 1])) / (scale(at[i]) - scale(at[i - 1]))
    return marks[i - 1] + (marks[i] - marks[i - 1]) * part


def mean(items):
    """Weighted mean of points over what applies; a missing value counts 0."""
    used = [(item["weight"], item["score"]) for item in items if item["status"] != "not_applicable" and item["score"] is not None]
    weight = math.fsum(w for w, _ in used)
    return math.fsum(w * s for w, s in used) / weight if weight > 0 else None


def check_scores(root, about, edition):
    result, bonus_max = about["result"], about["bonus_max"]
    for item in result["indicators"]:
        if item["value"] is not None and not near(points(edition[item["code"]]["score"], item["value"]), item["score"]):
            problem(f"score of {item['code']}", points(edition[item["code"]]["score"], item["value"]), item["score"])
    for pillar, expected in result["pillars"].items():
        seen = mean([item for item in result["indicators"] if item["pillar"] == pillar])
        if not near(seen, expected):
            problem(f"pillar {pillar}", expected, seen)
    bonus_pillars = set(about["bonus_pillars"])
    core = mean([item for item in result["indicators"] if item["pillar"] not in bonus_pillars])
    bonus = bonus_max * (mean([item for item in result["indicators"] if item["pillar"] in bonus_pillars]) or 0.0) / 100.0
    index = None if core is None else min(100.0, core + bonus)
    for name, seen in (("core", core), ("bonus", bonus), ("index", index)):
        if not near(seen, result[name]):
            problem(name, result[name], seen)
    return index


def check_result(document, about):
    """The result shown is the one in the document, but for who made it final."""
    for row in document["rows"]["result"]:
        if (row["entity_id"], row["window"]) == (about["site"], "ttm"):
            kept = json.loads(row["payload"])
            for key in kept:
                if key not in ("state", "revision") and canonical(kept[key]) != canonical(about["result"].get(key)):
                    problem(f"result: {key}", str(kept[key])[:200], str(about["result"].get(key))[:200])


def main():
    parser = argparse.ArgumentParser(description="Recompute this evidence pack.")
    parser.add_argument("--head", help="a head digest that you got from somebody else")
    asked = parser.parse_args()
    root = Path(__file__).resolve().parent
    try:
        files = check_files(root)
        about, edition = read_json(root, "result.json"), read_json(root, "edition.json")
        entries = check_log(root)
        document = check_revision(root, about, entries)
        check_result(document, about)
        tables = check_tables(root, document)
        evaluated = check_indicators(document, about, edition)
        sums = check_energies(root, document, about)
        index = check_scores(root, about, edition)
        if asked.head and asked.head not in {entry["head"] for entry in entries}:
            problem("head digest of your witness", asked.head, "no entry of this log has it")
    except Exception as error:  # whatever was changed, the answer is that the pack is not what it was
        problem("the pack", "readable", f"{type(error).__name__}: {error}")
    if problems:
        print(f"{len(problems)} differences: this pack is not what was written. 证据包与原件不一致。")
        return 1
    print(f"{about['site']} {about['month']}: {files} files, {len(entries)} log entries, {tables} tables unchanged.")
    print(f"{evaluated} indicators recomputed, {sums} energies added up from meters; index 指数 {index:.4f}. All equal 全部一致。")
    return 0


if __name__ == "__main__":
    sys.exit(main())
