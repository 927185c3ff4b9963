"""A limit that falls back on a cheaper model of the same vendor: what the vendor is asked, what is on record, and that
a call falls back once and no further."""
import openai
import pytest

from flyball import permit, policy
from llm_rig import CHAT, CLAUDE, body_of, say

DEAR = "gpt-4o"
RULES = [permit("models", layer=["llm"])]


def falls_back(max, id="day", route="cheap", **more):
    return {"id": id, "meter": "usd", "max": max, "by": ["key"], "window": {"lifetime": True},
            "match": {"layer": ["llm"]}, "on_exceed": f"downgrade:{route}", **more}


def routes(**targets):
    return {"routes": {name: {"targets": [{"model": m} for m in models]} for name, models in targets.items()}}


def key_under(models, name, rules, limits, **more):
    models.daemon.apply(policy(name, rules, limits, **more))
    return models.daemon.key(policy=name)["key"]


def ask(models, run, key, model=DEAR, **more):
    return models.openai_client(run, key).chat.completions.create(model=model, messages=say("in=10,tokens=20"),
                                                                  max_tokens=1000, **more)


def asked_of_vendor(models):
    return body_of(models.openai.settled()[-1])["model"]


def test_without_room_the_cheaper_model_answers_and_the_record_says_so(models):
    key = key_under(models, "fallback", RULES, [falls_back("0.005")], **routes(cheap=[f"openai/{CHAT}"]))
    ask(models, "down", key)
    assert asked_of_vendor(models) == CHAT
    it = models.one("down")
    assert (it["model_asked"], it["model_sent"], it["downgraded_by"]) == (DEAR, CHAT, "day")
    assert "model" in it["additions"] and it["verdict"] == "permit" and it["outcome"] == "settled"
    assert it["limits"][0]["n"] <= 5_000_000  # nano-dollars: it holds what the cheaper one can cost
    why = models.daemon.cli("why", it["call_id"]).stdout
    assert f"Asked for {DEAR}, sent as {CHAT}" in why and "Limit day had no room" in why


def test_with_room_nothing_is_changed(models):
    key = key_under(models, "roomy", RULES, [falls_back("5.00")], **routes(cheap=[f"openai/{CHAT}"]))
    ask(models, "roomy", key)
    assert asked_of_vendor(models) == DEAR
    assert models.one("roomy")["downgraded_by"] is None


def test_where_even_the_cheaper_one_has_no_room_it_is_refused(models):
    key = key_under(models, "full", RULES, [falls_back("0.0001")], **routes(cheap=[f"openai/{CHAT}"]))
    n = len(models.openai.exchanges)
    with pytest.raises(openai.PermissionDeniedError) as no:
        ask(models, "full", key)
    assert "Limit \"day\"" in str(no.value) and len(models.openai.exchanges) == n
    assert models.one("full")["code"] == "limit_exceeded"


def test_two_limits_that_lead_to_each_other_make_no_loop(models):
    limits = [falls_back("0.005", "a", "cheap"), falls_back("0.0001", "b", "dear")]
    key = key_under(models, "loop", RULES, limits, **routes(cheap=[f"openai/{CHAT}"], dear=[f"openai/{DEAR}"]))
    with pytest.raises(openai.PermissionDeniedError):
        ask(models, "loop", key)


def test_the_cheaper_one_is_decided_like_any_other(models):
    rules = [*RULES, {"id": "no-mini", "effect": "forbid", "match": {"model": [f"openai/{CHAT}"]}}]
    key = key_under(models, "forbidden", rules, [falls_back("0.005")], **routes(cheap=[f"openai/{CHAT}"]))
    with pytest.raises(openai.PermissionDeniedError) as no:
        ask(models, "forbidden", key)
    assert "no-mini" in str(no.value)


def test_the_first_target_of_the_calls_own_vendor_is_taken(models):
    both = routes(cheap=[f"anthropic/{CLAUDE}", f"openai/{CHAT}"])
    key = key_under(models, "both", RULES, [falls_back("0.005")], **both)
    ask(models, "both", key)
    assert asked_of_vendor(models) == CHAT


def test_a_target_of_another_dialect_is_an_error_that_says_so(models):
    bad = policy("bad", RULES, [falls_back("1.00", match={"vendor": ["openai"]})],
                 **routes(cheap=["anthropic/claude-x"]))
    checked = models.daemon.cli("policy", "check", "-", input=bad)
    assert checked.returncode == 1 and "within the dialect of its own vendor" in checked.stdout + checked.stderr
