/*
 * policy/variable.tbl.h - the facts that a condition may name: VARIABLE(NAME, name, type, how it is given, help).
 * The fourth column sets *ret from the facts f, and is false where the call has no such fact. Beside them stands
 * `params.<name>`, as the operations that a rule matches declare it.
 */
VARIABLE(AGENT, "principal.agent", TYPE_STRING, give_text(f->agent, ret), "the agent that calls")
VARIABLE(KEY, "principal.key", TYPE_STRING, give_text(f->key, ret), "the id of its key")
VARIABLE(OWNER, "principal.owner", TYPE_STRING, give_text(f->owner, ret), "who owns the key")
VARIABLE(TENANT, "principal.tenant", TYPE_STRING, give_text(f->tenant, ret), "the tenant of the key")
VARIABLE(USER, "principal.user", TYPE_STRING, give_text(f->user, ret), "the user for whom it calls, where that is proven")
VARIABLE(ISSUER, "principal.issuer", TYPE_STRING, give_text(f->issuer, ret), "who issued the identity token")
VARIABLE(DEPTH, "principal.depth", TYPE_INT, give_count(f->n_actors, ret), "how many agents act for the user, by the token")
VARIABLE(OPERATION, "operation", TYPE_STRING, give_text(f->operation, ret), "stripe.refunds.create")
VARIABLE(CLASS, "class", TYPE_STRING, give_text(class_text(f->class), ret), "which way value goes")
VARIABLE(VENDOR, "vendor", TYPE_STRING, give_text(f->vendor, ret), "as the config names it")
VARIABLE(LAYER, "layer", TYPE_STRING, give_text(f->layer, ret), "saas or llm")
VARIABLE(METHOD, "method", TYPE_STRING, give_text(f->method, ret), "GET, POST, ...")
VARIABLE(MODE, "mode", TYPE_STRING, give_text(mode_text(f->mode), ret), "test or live")
VARIABLE(MODEL, "model", TYPE_STRING, give_text(f->model, ret), "the model that a call asks for")
VARIABLE(PROMPT, "prompt", TYPE_STRING, give_text(f->prompt, ret), "name@version of the prompt")
VARIABLE(CUSTOMER_ID, "customer.id", TYPE_STRING, give_customer(r, f->customer, ret), "whose account is touched")
VARIABLE(CUSTOMER_SOURCE, "customer.source", TYPE_STRING, give_customer(r, value_source_text(f->customer_source), ret),
         "how that is known: key, request, lookup, learned")
VARIABLE(RUN_ID, "run.id", TYPE_STRING, give_text(f->run_id, ret), "the run that the call belongs to")
VARIABLE(RUN_ROOT, "run.root", TYPE_STRING, give_text(f->root_run_id, ret), "the run that began its tree")
VARIABLE(RUN_PARENT, "run.parent", TYPE_STRING, give_text(f->parent_run_id, ret), "the run that started it")
VARIABLE(RUN_SOURCE, "run.source", TYPE_STRING, give_text(run_source_text(f->run_source), ret), "who said so")
VARIABLE(RUN_TRUST, "run.trust", TYPE_STRING, give_text(run_trust_text(f->run_trust), ret), "minted or claimed")
VARIABLE(COST, "cost.estimate", TYPE_MONEY, give_cost(r, ret), "the most that the call can cost, in USD")
VARIABLE(COST_BASIS, "cost.basis", TYPE_STRING, give_text(how_text(f->cost.how), ret), "how that is known")
VARIABLE(TOKENS_IN, "cost.tokens_in", TYPE_INT, give_tokens(&f->tokens, f->tokens.input, ret),
         "the most tokens that go in")
VARIABLE(TOKENS_OUT, "cost.tokens_out_max", TYPE_INT, give_tokens(&f->tokens, f->tokens.output, ret),
         "the most tokens that come out")
VARIABLE(NOW, "now", TYPE_TIMESTAMP, give_time(f->now, ret), "when the call is decided on")
