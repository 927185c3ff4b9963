/*
 * cli/sdk_env.tbl.h - what `flyball run` puts into an agent's environment, and what it takes out.
 *
 * SDK_ENV(variable, vendor, value): read by an SDK, or by the line that `flyball snippet` prints. In value, {base} is the
 * vendor behind us (http://127.0.0.1:4747/openai), {key} the agent's key, {run} its run, {mode} live or test.
 * A key in an SDK's usual dress is the same key (identity/key.h).
 */
#ifdef SDK_ENV
SDK_ENV("OPENAI_BASE_URL", "openai", "{base}/v1")
SDK_ENV("OPENAI_API_BASE", "openai", "{base}/v1")
SDK_ENV("OPENAI_API_KEY", "openai", "sk-{key}")
SDK_ENV("OPENAI_CUSTOM_HEADERS", "openai", "x-agent-run-id: {run}")
SDK_ENV("ANTHROPIC_BASE_URL", "anthropic", "{base}")
SDK_ENV("ANTHROPIC_API_KEY", "anthropic", "sk-ant-{key}")
SDK_ENV("ANTHROPIC_CUSTOM_HEADERS", "anthropic", "x-agent-run-id: {run}")
SDK_ENV("STRIPE_API_BASE", "stripe", "{base}")
SDK_ENV("STRIPE_SECRET_KEY", "stripe", "sk_{mode}_{key}")
SDK_ENV("STRIPE_API_KEY", "stripe", "sk_{mode}_{key}")
SDK_ENV("TWILIO_API_BASE", "twilio", "{base}")
SDK_ENV("TWILIO_AUTH_TOKEN", "twilio", "{key}")
SDK_ENV("RESEND_BASE_URL", "resend", "{base}")
SDK_ENV("RESEND_API_URL", "resend", "{base}")
SDK_ENV("RESEND_API_KEY", "resend", "re_{key}")
#endif

/*
 * SDK_HIDE(variable, vendor): another credential, or an address that would lead around us; taken out without a
 * substitute.
 */
#ifdef SDK_HIDE
SDK_HIDE("OPENAI_ADMIN_KEY", "openai")
SDK_HIDE("OPENAI_WEBSOCKET_BASE_URL", "openai")
SDK_HIDE("ANTHROPIC_AUTH_TOKEN", "anthropic")
SDK_HIDE("ANTHROPIC_API_URL", "anthropic")
SDK_HIDE("CLAUDE_CODE_OAUTH_TOKEN", "anthropic")
SDK_HIDE("STRIPE_RESTRICTED_KEY", "stripe")
SDK_HIDE("TWILIO_API_KEY", "twilio")
SDK_HIDE("TWILIO_API_SECRET", "twilio")
SDK_HIDE("FLYBALL_TOKEN", "flyball")
#endif

/*
 * SDK_MARK(text, where, vendor): how a vendor's real key is known under any name. ANYWHERE: the text is enough. START:
 * the value begins with it, and has the length and the characters of a key.
 */
#ifdef SDK_MARK
SDK_MARK("sk_live_", ANYWHERE, "Stripe")
SDK_MARK("rk_live_", ANYWHERE, "Stripe")
SDK_MARK("sk_test_", ANYWHERE, "Stripe")
SDK_MARK("rk_test_", ANYWHERE, "Stripe")
SDK_MARK("sk-ant-", ANYWHERE, "Anthropic")
SDK_MARK("sk-proj-", ANYWHERE, "OpenAI")
SDK_MARK("sk-svcacct-", ANYWHERE, "OpenAI")
SDK_MARK("sk-admin-", ANYWHERE, "OpenAI")
SDK_MARK("sk-", START, "OpenAI")
SDK_MARK("re_", START, "Resend")
#endif
