#!/usr/bin/env python3
"""models.py [--priced-at DATE] PRICES.json [MORE.json...] > catalog/models.yaml

Turns price files in LiteLLM's form (model_prices_and_context_window.json: USD a token, by key) into our catalog: USD
per million tokens as decimals that people can check. A later file adds models, or replaces them whole. Only models of
OpenAI and Anthropic that chat completions, responses, embeddings or messages reach. The output depends on the files
only.

What the files get wrong or leave out, and the vendors' pages say as a rule, is in RULES below.
"""
import argparse
import decimal
import json
import re
import sys

D = decimal.Decimal
MODES = {"chat", "responses", "embedding"}
PAGES = {"openai": "https://platform.openai.com/docs/pricing",
         "anthropic": "https://docs.claude.com/en/docs/about-claude/pricing"}

# Our class of token: the price file's key for one token of it.
CLASSES = [
    ("input", "input_cost_per_token"),
    ("cache_read", "cache_read_input_token_cost"),
    ("cache_write_5m", "cache_creation_input_token_cost"),
    ("cache_write_1h", "cache_creation_input_token_cost_above_1hr"),
    ("audio_in", "input_cost_per_audio_token"),
    ("image_in", "input_cost_per_image_token"),
    ("output", "output_cost_per_token"),
    ("reasoning", "output_cost_per_reasoning_token"),
    ("audio_out", "output_cost_per_audio_token"),
    ("image_out", "output_cost_per_image_token"),
]
TIERS = [("standard", ""), ("batch", "_batches"), ("flex", "_flex"), ("priority", "_priority")]

# The most tokens that one image can count, where the model sees images: first match. OpenAI counts tiles of 512 pixels
# after scaling to 2,048 x 768 (at most 8), or patches of 32 pixels (at most 1,536, newer 2,500 and 10,000) times a
# factor; Anthropic counts a token for 750 pixels, up to 1,568 or 2,576 pixels a side.
IMAGE_TOKENS_MAX = [
    (r"gpt-4o-mini", 2833 + 8 * 5667),
    (r"gpt-(4\.1|5)-mini|gpt-5\.1-codex-mini", 2489),
    (r"gpt-(4\.1|5)-nano", 3779),
    (r"o4-mini|codex-mini", 2642),
    (r"gpt-5\.4-mini", 4050),
    (r"gpt-5\.4-nano", 6150),
    (r"gpt-5\.[4-9]|gpt-[6-9]", 12000),
    (r"gpt-5\.[23]|gpt-5(\.1)?-codex", 3000),
    (r"gpt-4o|gpt-4\.1|gpt-4-turbo|chatgpt-4o", 85 + 8 * 170),
    (r"gpt-5", 70 + 8 * 140),
    (r"o[13]", 75 + 8 * 150),
    (r"claude-(opus-4-[7-9]|[a-z]+-[5-9])", 4784),
    (r"claude", 1600),
]
# USD for one web search, where the files say none: the highest that the vendor's page lists for such a model.
WEB_SEARCH = [(r"claude", D("0.01")), (r"gpt-4", D("0.025")), (r"gpt-[5-9]|o[134]", D("0.01"))]
# Names that are no model of the vendor's API, or stand for something else.
SKIPPED = re.compile(r"/|^ft:|container|^claude-4-|realtime|transcribe|tts|^gpt-3.5-turbo-16k")
# Other names that the vendor's API takes for a dated model.
ALIASES = {
    "claude-3-5-haiku-20241022": ["claude-3-5-haiku-latest"],
    "claude-3-5-sonnet-20241022": ["claude-3-5-sonnet-latest"],
    "claude-3-7-sonnet-20250219": ["claude-3-7-sonnet-latest"],
    "claude-opus-4-20250514": ["claude-opus-4-0"],
    "claude-sonnet-4-20250514": ["claude-sonnet-4-0"],
}
# Models of OpenAI that reason before they answer, and bill for it, without showing it.
REASONS = re.compile(r"o[1-9]|gpt-[5-9](?!.*chat)|codex")
DATED = re.compile(r"-(20\d\d-\d\d-\d\d|20\d{6})$")


def decimal_text(value):
    """Plain, without trailing zeros, float noise cut off at a billionth of a dollar."""
    text = format(value.quantize(D("0.000000001")), "f").rstrip("0").rstrip(".")
    return text or "0"


def price_of(entry, key):
    value = entry.get(key)
    return None if value is None else D(value) * 1000000


def prices_of(entry, suffix):
    found = {name: price_of(entry, key + suffix) for name, key in CLASSES}
    return {name: price for name, price in found.items() if price is not None}


def is_useful(prices):
    """A tier of which only one side is priced is a slip of the file, not a price."""
    return "input" in prices and "output" in prices


def long_context(entry):
    """(threshold in tokens, suffix), or None. The highest suffix wins, though no model has two."""
    found = [re.fullmatch(r"input_cost_per_token_above_(\d+)k_tokens", key) for key in entry]
    sizes = sorted(int(match.group(1)) for match in found if match)
    return (sizes[-1] * 1000, f"_above_{sizes[-1]}k_tokens") if sizes else None


def anthropic_rules(tiers, entry):
    """RULES: a cache write for an hour costs twice the input; a batch costs half of everything; fast mode and cache
    prices multiply (the file names the factor)."""
    standard = tiers["standard"]
    standard["cache_write_1h"] = 2 * standard["input"]
    tiers["batch"] = {name: price / 2 for name, price in standard.items()}
    fast = (entry.get("provider_specific_entry") or {}).get("fast")
    if fast:
        tiers["fast"] = {name: price * D(fast) for name, price in standard.items()}


def tiers_of(entry, long_suffix, vendor):
    tiers = {}
    for name, suffix in TIERS:
        prices = prices_of(entry, long_suffix + suffix)
        if is_useful(prices):
            tiers[name] = prices
    if vendor == "anthropic" and "standard" in tiers:
        anthropic_rules(tiers, entry)
    return tiers


def web_search_of(name, entry):
    listed = entry.get("search_context_cost_per_query")
    if listed:
        return max(D(price) for price in listed.values())
    for pattern, price in WEB_SEARCH:
        if re.match(pattern, name) and entry.get("mode") != "embedding":
            return price
    return None


def image_tokens_of(name, entry):
    if not entry.get("supports_vision"):
        return None
    return next((most for pattern, most in IMAGE_TOKENS_MAX if re.match(pattern, name)), None)


def model_of(name, entry, priced_at):
    vendor = entry["litellm_provider"]
    context = long_context(entry)
    facts = {
        "input_max": entry.get("max_input_tokens"),
        "output_max": None if entry["mode"] == "embedding" else entry.get("max_output_tokens"),
        "image_tokens_max": image_tokens_of(name, entry),
        "hides_reasoning": vendor == "openai" and bool(REASONS.match(name)),
        "prices": tiers_of(entry, "", vendor),
        "long_above": context[0] if context else None,
        "long_prices": tiers_of(entry, context[1], vendor) if context else {},
        "web_search": web_search_of(name, entry),
        "us_inference": (entry.get("provider_specific_entry") or {}).get("us"),
        "deprecated_at": entry.get("deprecation_date"),
        "priced_at": priced_at,
    }
    return {"model": name, "vendor": vendor, "aliases": list(ALIASES.get(name, [])),
            "source": entry.get("source") or PAGES[vendor], **facts}


def agrees(dated, plain):
    """Every fact of the dated form is also one of the plain form."""
    def within(small, large):
        if isinstance(small, dict):
            return all(key in large and within(value, large[key]) for key, value in small.items())
        return small is None or small == large
    keys = ["input_max", "output_max", "prices", "long_above", "long_prices", "us_inference", "deprecated_at"]
    return all(within(dated[key], plain[key]) for key in keys)


def fold_dated(models):
    """A dated form that says nothing else than the plain one is an alias of it."""
    by_name = {model["model"]: model for model in models}
    kept = []
    for model in models:
        plain = by_name.get(DATED.sub("", model["model"]))
        if plain and plain is not model and agrees(model, plain):
            plain["aliases"].append(model["model"])
        else:
            kept.append(model)
    return kept


def read_models(path, priced_at):
    with open(path, encoding="utf-8") as file:
        entries = json.load(file, parse_float=D)
    for name, entry in entries.items():
        if not isinstance(entry, dict) or entry.get("litellm_provider") not in PAGES:
            continue
        if entry.get("mode") in MODES and not SKIPPED.search(name):
            yield model_of(name, entry, entry.get("priced_at", priced_at))


def flow(prices):
    return "{" + ", ".join(f'{name}: "{decimal_text(prices[name])}"' for name, _ in CLASSES if name in prices) + "}"


def put_prices(lines, indent, tiers):
    for tier, prices in tiers.items():
        lines.append(f"{indent}{tier}: {flow(prices)}")


def yaml_of(model):
    lines = [f'  - model: {model["model"]}', f'    vendor: {model["vendor"]}']
    if model["aliases"]:
        lines.append(f'    aliases: [{", ".join(sorted(model["aliases"]))}]')
    for key in ("input_max", "output_max", "image_tokens_max"):
        if model[key]:
            lines.append(f"    {key}: {int(model[key])}")
    if model["hides_reasoning"]:
        lines.append("    hides_reasoning: true")
    lines.append("    prices:")
    put_prices(lines, "      ", model["prices"])
    if model["long_above"]:
        lines += ["    long_context:", f'      above: {model["long_above"]}', "      prices:"]
        put_prices(lines, "        ", model["long_prices"])
    if model["web_search"] is not None:
        lines.append(f'    web_search: "{decimal_text(model["web_search"])}"')
    if model["us_inference"]:
        lines.append(f'    us_inference: "{decimal_text(D(model["us_inference"]))}"')
    if model["deprecated_at"]:
        lines.append(f'    deprecated_at: "{model["deprecated_at"]}"')
    lines += [f'    priced_at: "{model["priced_at"]}"', f'    source: {model["source"]}']
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--priced-at", required=True, help="date of the first price file")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    models = {}
    for path in args.files:
        models.update((model["model"], model) for model in read_models(path, args.priced_at))
    ordered = sorted(models.values(), key=lambda model: (model["vendor"], model["model"]))
    ordered = [model for model in fold_dated(ordered) if model["prices"]]
    newest = max(model["priced_at"] for model in ordered)
    print("# Which models there are and what they cost: USD per million tokens of each class, by tier of service; a\n"
          "# web search in USD. Long-context prices hold for the whole call once all of its input passes `above`.\n"
          "# Made by tools/models.py from LiteLLM's price file (MIT, Berri AI) and tools/models_more.json.\n"
          f'priced_at: "{newest}"\nmodels:')
    print("\n".join(yaml_of(model) for model in ordered))
    print(f"{len(ordered)} models", file=sys.stderr)


if __name__ == "__main__":
    main()
