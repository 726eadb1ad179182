#!/usr/bin/env python3
"""Turns counts and prices from CSV into records of the topic vectis.inventory. See README.md."""

import argparse
import csv
import json
import pathlib
import uuid
from datetime import datetime, timezone

SEQUENCE = pathlib.Path("feed.sequence")


def next_sequence():
    """This source's own count; it must never go back."""
    sequence = int(SEQUENCE.read_text()) + 1 if SEQUENCE.exists() else 1
    SEQUENCE.write_text(str(sequence))
    return sequence


def stock(rows, args):
    for row in rows:
        key = f"{args.warehouse} {row['sku']}"
        yield key, "stock_reported", {"warehouse": args.warehouse, "sku": row["sku"], "onHand": row["on_hand"]}


def prices(rows, args):
    tiers = {}
    for row in rows:
        tier = {"minQuantity": row["min_quantity"], "unitPrice": row["unit_price"]}
        tiers.setdefault(row["sku"], []).append(tier)
    for sku, of_sku in tiers.items():
        yield f"{args.price_list} {sku}", "price_reported", {"priceList": args.price_list, "sku": sku, "tiers": of_sku}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["stock", "prices"])
    parser.add_argument("csv", type=argparse.FileType("r"))
    parser.add_argument("--source", default="sample-feed")
    parser.add_argument("--warehouse", default="MAIN")
    parser.add_argument("--price-list", default="Wholesale list")
    parser.add_argument("--format", choices=["json", "tab"], default="json")
    args = parser.parse_args()
    make = stock if args.kind == "stock" else prices
    for key, event, facts in make(csv.DictReader(args.csv), args):
        payload = {
            "id": str(uuid.uuid4()),
            "type": f"vectis.inventory.{event}.v1",
            "occurredAt": datetime.now(timezone.utc).isoformat(),
            "data": {"source": args.source, "sequence": next_sequence(), **facts},
        }
        if args.format == "json":
            print(json.dumps({"key": key, "payload": payload}))
        else:
            print(f"{key}\t{json.dumps(payload)}")


if __name__ == "__main__":
    main()
