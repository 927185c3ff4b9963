/*
 * cli/live.tbl.h - vendors that `flyball dev --live` can make real: LIVE(vendor, the variable that its secret is in).
 * Names as the vendors' own SDKs read them, where they read one.
 */
LIVE("openai", "OPENAI_API_KEY")
LIVE("anthropic", "ANTHROPIC_API_KEY")
LIVE("stripe", "STRIPE_SECRET_KEY")
LIVE("twilio", "TWILIO_SECRET")
LIVE("resend", "RESEND_API_KEY")
