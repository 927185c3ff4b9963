"""policy import: every value of every file ends in one bucket, nothing is lost in silence, and what the document
decides is what the source's rules decide.

With FLYBALL_WRITE=1 what is expected of the documents is written anew: read the difference.
"""

import json
import os
import pathlib
import random
import subprocess

import pytest
import yaml

from flyball import BINARY

CASES = pathlib.Path(__file__).resolve().parents[1] / "cases" / "import"
FILES = sorted(p for p in CASES.glob("*/*") if p.suffix in (".yaml", ".json"))
BUCKETS = ["exact", "approximate", "carried", "refused"]


def run(*args, cwd=None):
    return subprocess.run(
        [BINARY, "policy", *map(str, args)], capture_output=True, text=True, timeout=120, check=False, cwd=cwd
    )


def imported(source, *files, cwd=None):
    ran = run("import", source, *files, "--json", cwd=cwd)
    assert ran.returncode in (0, 1), ran.stderr
    got = json.loads(ran.stdout)
    assert ran.returncode == (1 if got["refused"] else 0)
    return got


def leaves(value, path=""):
    """(path) of everything that has nothing inside."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{i}]")
    else:
        yield path


def covers(note, leaf):
    return leaf == note or note == "" or leaf.startswith((note + ".", note + "["))


def named(path):
    return f"{path.parent.name}/{path.name}"


# --- every file ---------------------------------------------------------------------------------------------------


def test_there_are_a_dozen_files_of_each():
    for source in ("litellm", "portkey"):
        assert len([p for p in FILES if p.parent.name == source]) >= 12


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_value_has_exactly_one_note(path):
    got = imported(path.parent.name, path)
    notes = [n["path"] for n in got["notes"]]
    assert len(set(notes)) == len(notes)
    for leaf in leaves(yaml.safe_load(path.read_text())):
        assert len([n for n in notes if covers(n, leaf)]) == 1, leaf
    for bucket in BUCKETS:
        assert got[bucket] == len([n for n in got["notes"] if n["bucket"] == bucket])
    n_lines = len(path.read_text().splitlines())
    assert all(1 <= n["line"] <= n_lines and n["col"] >= 1 for n in got["notes"])
    assert all(n["text"] for n in got["notes"] if n["bucket"] != "exact")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_document_and_its_notes_are_these(path):
    ran = run("import", path.parent.name, path.name, "--all", cwd=path.parent)
    text = ran.stdout + "---\n" + ran.stderr
    expected = path.with_suffix(".expected")
    if os.environ.get("FLYBALL_WRITE"):
        expected.write_text(text)
    assert text == expected.read_text()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_secret_is_copied(path):
    ran = run("import", path.parent.name, path, "--all")
    assert "made-up" not in ran.stdout + ran.stderr
    assert "made-up" not in json.dumps(imported(path.parent.name, path))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_document_loads_and_says_what_is_carried(path, tmp_path):
    got = imported(path.parent.name, path)
    (tmp_path / "p.yaml").write_text(got["document"])
    checked = run("check", tmp_path / "p.yaml")
    assert checked.returncode == 0, checked.stdout
    document = yaml.safe_load(got["document"])
    carried = document.get(f"x-{path.parent.name}", {})
    assert len(carried) == got["carried"]
    assert set(carried) == {n["path"] or "all" for n in got["notes"] if n["bucket"] == "carried"}


def test_steps_are_commands_of_ours_without_a_shell_inside(tmp_path):
    got = imported("litellm", CASES / "litellm" / "13-hostile.json")
    assert len(got["steps"]) == 6
    for step in got["steps"]:
        assert step.startswith("flyball key create --agent ")
        assert not set(step) & set("$`;|&<>()'\"\\\n\x1b")


# --- bad use ------------------------------------------------------------------------------------------------------


def test_a_product_that_is_not_known(tmp_path):
    (tmp_path / "x.yaml").write_text("{}")
    ran = run("import", "kong", tmp_path / "x.yaml")
    assert ran.returncode == 2 and "litellm" in ran.stderr and "portkey" in ran.stderr


@pytest.mark.parametrize(
    "text, said",
    [
        ("a: [", "syntax"),
        ("just a text", "wrong_type"),
        ("a: &x 1\nb: *x\n", "yaml_anchor"),
        ("a: 1\na: 2\n", "duplicate_key"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(tmp_path, text, said):
    (tmp_path / "x.yaml").write_text(text)
    ran = run("import", "litellm", "x.yaml", cwd=tmp_path)
    assert ran.returncode == 1 and ran.stdout == ""
    assert said in ran.stderr and "x.yaml:" in ran.stderr


def test_files_may_refer_to_each_other_in_any_order(tmp_path):
    (tmp_path / "keys.json").write_text(
        json.dumps([{"key_alias": "a", "team_id": "t", "models": ["fast"], "budget_id": "b"}])
    )
    (tmp_path / "teams.json").write_text(
        json.dumps(
            {
                "teams": [{"team_id": "t", "team_alias": "Ops", "max_budget": 5}],
                "budgets": [{"budget_id": "b", "max_budget": 1}],
            }
        )
    )
    (tmp_path / "config.yaml").write_text(
        "model_list: [{model_name: fast, litellm_params: {model: openai/gpt-4o-mini}}]\n"
    )
    files = [tmp_path / name for name in ("keys.json", "teams.json", "config.yaml")]
    for order in (files, files[::-1]):
        document = yaml.safe_load(imported("litellm", *order)["document"])
        assert [r["match"]["model"] for r in document["rules"]] == [["openai/gpt-4o-mini"]]
        assert {(i["id"], i["max"]) for i in document["limits"]} == {("a-budget", "1.00"), ("team-ops-budget", "5.00")}


def test_what_is_carried_of_several_files_says_of_which(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps([{"key_alias": name, "metadata": {"of": name}}]))
    got = imported("litellm", "a.json", "b.json", cwd=tmp_path)
    carried = yaml.safe_load(got["document"])["x-litellm"]
    assert carried == {f"{name}.json:[0].metadata": {"of": name} for name in ("a", "b")}


def test_a_file_given_twice_is_said(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    ran = run("import", "litellm", "a.json", "a.json", cwd=tmp_path)
    assert ran.returncode == 1 and ran.stdout == "" and "duplicate_file" in ran.stderr


@pytest.mark.parametrize("name", ["My Policy", "", "-a", "a" * 65])
def test_a_name_that_no_document_can_have(tmp_path, name):
    (tmp_path / "a.json").write_text("[]")
    ran = run("import", "litellm", tmp_path / "a.json", "--name", name)
    assert ran.returncode == 2 and "--name" in ran.stderr


# --- decided alike ------------------------------------------------------------------------------------------------

MODELS = {
    "gpt-4o": "openai/gpt-4o",
    "mini": "openai/gpt-4o-mini",
    "sonnet": "anthropic/claude-sonnet-4-5",
    "haiku": "anthropic/claude-3-5-haiku-latest",
}
OPERATION = {"openai": "openai.chat.completions.create", "anthropic": "anthropic.messages.create"}
CENT = 100


def dollars(cents):
    return f"{cents // CENT}.{cents % CENT:02d}"


def random_litellm(rng):
    """A config with keys and teams, every field of which the importer calls exact or approximate."""

    def budget():
        some = {}
        if rng.random() < 0.5:
            some |= {
                "max_budget": rng.choice([0, 1, 5, 12.5, 100]),
                "budget_duration": rng.choice(["1d", "1h", "30d", None, "12h"]),
            }
        if rng.random() < 0.3:
            some["rpm_limit"] = rng.choice([0, 1, 10])
        if rng.random() < 0.3:
            some["tpm_limit"] = rng.choice([0, 1000, 50000])
        if rng.random() < 0.3:
            some["max_parallel_requests"] = rng.choice([0, 1, 4])
        if rng.random() < 0.3:
            some["model_max_budget"] = {
                rng.choice(list(MODELS)): {"budget_limit": rng.choice([0.5, 2]), "time_period": "1d"}
            }
        return some

    teams = [
        {
            "team_id": f"t{i}",
            "models": rng.sample(list(MODELS), rng.randint(0, 3)),
            "blocked": rng.random() < 0.1,
            **budget(),
        }
        for i in range(3)
    ]
    keys = [
        {
            "key_alias": f"k{i}",
            "models": rng.sample(list(MODELS), rng.randint(0, 3)),
            "blocked": rng.random() < 0.1,
            **({"team_id": rng.choice(teams)["team_id"]} if rng.random() < 0.6 else {}),
            **budget(),
        }
        for i in range(8)
    ]
    return {
        "model_list": [{"model_name": name, "litellm_params": {"model": target}} for name, target in MODELS.items()],
        "litellm_settings": {"max_budget": 1000, "budget_duration": "30d"},
        "general_settings": {"global_max_parallel_requests": 100},
        "keys": keys,
        "teams": teams,
    }


class Call:
    """A request, and where every counter stands that it could meet: so spent that LiteLLM's `spent >= max` and ours,
    `spent + cost > max`, do not differ (between the two they do, and the importer says so)."""

    def __init__(self, rng, source, key):
        self.key, self.alias = key, rng.choice(list(MODELS))
        self.cost = rng.choice([1, 10, 40])
        self.tokens = rng.choice([10, 400])
        self.counters, self.is_allowed = {}, True
        team = next((t for t in source["teams"] if t["team_id"] == key.get("team_id")), None)
        self.team = team
        self.models(key, team)
        self.money(rng, "all-budget", source["litellm_settings"]["max_budget"])
        self.count(rng, "all-parallel", source["general_settings"]["global_max_parallel_requests"], 1)
        self.level(rng, key["key_alias"], key)
        if team:
            self.level(rng, f"team-{team['team_id']}", team)

    def models(self, key, team):
        for level in (key, team):
            if level and (level["blocked"] or (level["models"] and self.alias not in level["models"])):
                self.is_allowed = False

    def level(self, rng, id, level):
        if "max_budget" in level:
            self.money(rng, f"{id}-budget", level["max_budget"])
        for model, budget in level.get("model_max_budget", {}).items():
            if model == self.alias:
                self.money(rng, f"{id}-{model}", budget["budget_limit"])
        if "rpm_limit" in level:
            self.count(rng, f"{id}-rpm", level["rpm_limit"], 1)
        if "tpm_limit" in level:
            self.count(rng, f"{id}-tpm", level["tpm_limit"], self.tokens)
        if "max_parallel_requests" in level:
            self.count(rng, f"{id}-parallel", level["max_parallel_requests"], 1)

    def money(self, rng, id, max):
        cents = int(max * CENT)
        room = cents - self.cost
        spent = rng.randint(0, room) if room >= 0 and rng.random() < 0.85 else cents + rng.randint(0, 50)
        self.counters[id] = dollars(spent)
        self.is_allowed &= spent < cents

    def count(self, rng, id, max, need):
        room = max - need
        used = rng.randint(0, room) if room >= 0 and rng.random() < 0.85 else max + rng.randint(0, 5)
        self.counters[id] = used
        self.is_allowed &= used < max

    def test(self, n):
        vendor, model = MODELS[self.alias].split("/")
        principal = {"agent": self.key["key_alias"], **({"tenant": self.team["team_id"]} if self.team else {})}
        return {
            "name": f"call {n}",
            "given": {
                "principal": principal,
                "counters": self.counters,
                "request": {
                    "operation": OPERATION[vendor],
                    "class": "cost",
                    "model": model,
                    "cost": dollars(self.cost),
                    "tokens": {"input": self.tokens // 2, "output": self.tokens // 2},
                },
            },
            "expect": {"decision": "permit" if self.is_allowed else "deny"},
        }


def decide(tmp_path, document, tests):
    (tmp_path / "policy.yaml").write_text(document)
    (tmp_path / "tests.json").write_text(
        json.dumps({"apiVersion": "agentpolicy/v1", "kind": "PolicyTest", "tests": tests})
    )
    ran = run("test", tmp_path / "policy.yaml", tmp_path / "tests.json", "--json")
    assert ran.stdout, ran.stderr
    result = json.loads(ran.stdout)
    return result, [t for t in result["tests"] if not t["passed"]]


def test_10000_requests_are_decided_as_litellm_decides_them(tmp_path):
    n_allowed = n = 0
    for seed in range(25):
        rng = random.Random(seed)
        source = random_litellm(rng)
        (tmp_path / "config.yaml").write_text(json.dumps(source))
        got = imported("litellm", tmp_path / "config.yaml")
        assert got["refused"] == 0
        calls = [Call(rng, source, rng.choice(source["keys"])) for _ in range(400)]
        result, failed = decide(tmp_path, got["document"], [c.test(i) for i, c in enumerate(calls)])
        assert not failed, failed[:3]
        assert result["passed"] == 400
        n_allowed += sum(c.is_allowed for c in calls)
        n += 400
    assert n == 10000 and 1000 < n_allowed < 9000


def test_between_spent_and_cap_ours_is_the_stricter(tmp_path):
    """LiteLLM lets the call through that passes a budget; the importer's note says that we do not."""
    (tmp_path / "k.json").write_text(json.dumps([{"key_alias": "k", "models": ["gpt-4o"], "max_budget": 1}]))
    got = imported("litellm", tmp_path / "k.json")
    request = {"operation": OPERATION["openai"], "class": "cost", "model": "gpt-4o", "cost": "0.40"}
    _, failed = decide(
        tmp_path,
        got["document"],
        [
            {
                "name": n,
                "given": {"principal": {"agent": "k"}, "request": request, "counters": {"k-budget": spent}},
                "expect": {"decision": decision},
            }
            for n, spent, decision in (("fits", "0.60", "permit"), ("passes", "0.61", "deny"))
        ],
    )
    assert not failed
    assert "would pass it is refused" in next(n["text"] for n in got["notes"] if n["path"] == "[0].max_budget")


def random_portkey(rng):
    def scope():
        conditions = [{"key": "workspace_id", "value": rng.choice(["w1", ["w1", "w2"], "*"])}]
        if rng.random() < 0.5:
            conditions.append({"key": "provider", "value": rng.choice(["openai", "@anthropic"])})
        if rng.random() < 0.5:
            conditions.append(
                {
                    "key": "model",
                    "value": rng.choice(["@openai/gpt-4o*", "@anthropic/*", ["@openai/gpt-4o"]]),
                    **({"excludes": "@openai/gpt-4o-mini"} if rng.random() < 0.5 else {}),
                }
            )
        if rng.random() < 0.3:
            conditions.append({"key": "api_key", "value": "*", "excludes": "k0"})
        return {
            "conditions": conditions,
            "group_by": rng.choice([[{"key": "api_key"}], [{"key": "workspace_id"}, {"key": "model"}]]),
        }

    usage = [
        {
            "name": f"usage {i}",
            "type": rng.choice(["cost", "tokens", "requests"]),
            "credit_limit": rng.choice([0, 3, 500]),
            "periodic_reset": rng.choice(["monthly", "weekly", None]),
            **scope(),
        }
        for i in range(4)
    ]
    rates = [
        {
            "name": f"rate {i}",
            "type": rng.choice(["requests", "tokens"]),
            "unit": rng.choice(["rpm", "rph", "rpd"]),
            "value": rng.choice([0, 5, 1000]),
            **scope(),
        }
        for i in range(3)
    ]
    targets = [
        {"provider": target.split("/")[0], "override_params": {"model": target.split("/")[1]}}
        for target in rng.sample(list(MODELS.values()), 3)
    ]
    return {
        "configs": [{"strategy": {"mode": "loadbalance"}, "targets": targets}],
        "usage_limits": usage,
        "rate_limits": rates,
    }


def fits(pattern, text):
    pattern = pattern.removeprefix("@")
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == text


def portkey_holds(policy, facts):
    """Portkey: all conditions, each one of its values and none of its excludes."""
    for c in policy["conditions"]:
        text = facts[c["key"]]
        as_list = lambda v: v if isinstance(v, list) else [v] if v else []
        if not any(fits(v, text) for v in as_list(c["value"])) or any(
            fits(v, text) for v in as_list(c.get("excludes"))
        ):
            return False
    return True


def test_10000_requests_are_decided_as_portkey_decides_them(tmp_path):
    n_allowed = n = 0
    for seed in range(25):
        rng = random.Random(1000 + seed)
        source = random_portkey(rng)
        (tmp_path / "p.json").write_text(json.dumps(source))
        got = imported("portkey", tmp_path / "p.json")
        assert got["refused"] == 0
        offered = {f"{t['provider']}/{t['override_params']['model']}" for t in source["configs"][0]["targets"]}
        tests = []
        for i in range(400):
            target, cents, tokens = rng.choice(list(MODELS.values())), rng.choice([1, 40]), rng.choice([2, 400])
            facts = {
                "workspace_id": rng.choice(["w1", "w2", "w3"]),
                "provider": target.split("/")[0],
                "model": target,
                "api_key": rng.choice(["k0", "k1"]),
            }
            is_allowed, counters = target in offered, {}
            for p in source["usage_limits"] + source["rate_limits"]:
                if not portkey_holds(p, facts):
                    continue
                need = {"cost": cents, "tokens": tokens, "requests": 1}[p["type"]]
                top = p.get("credit_limit", p.get("value")) * (CENT if p["type"] == "cost" else 1)
                used = rng.randint(0, top - need) if top >= need and rng.random() < 0.9 else top + rng.randint(0, 5)
                counters[p["name"].replace(" ", "-")] = dollars(used) if p["type"] == "cost" else used
                is_allowed &= used < top
            vendor, model = target.split("/")
            tests.append(
                {
                    "name": f"call {i}",
                    "given": {
                        "principal": {"agent": facts["api_key"], "tenant": facts["workspace_id"]},
                        "counters": counters,
                        "request": {
                            "operation": OPERATION[vendor],
                            "class": "cost",
                            "model": model,
                            "cost": dollars(cents),
                            "tokens": {"input": tokens // 2, "output": tokens // 2},
                        },
                    },
                    "expect": {"decision": "permit" if is_allowed else "deny"},
                }
            )
            n_allowed += is_allowed
        result, failed = decide(tmp_path, got["document"], tests)
        assert not failed, (failed[:3], got["document"])
        assert result["passed"] == 400
        n += 400
    assert n == 10000 and 500 < n_allowed < 9500
