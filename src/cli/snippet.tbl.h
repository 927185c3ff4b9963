/*
 * cli/snippet.tbl.h - what `flyball snippet NAME` prints: SNIPPET(name, form, vendor, variable, what, lines).
 *
 * `form` says how a key that is not given is written there (cmd_snippet.c); `variable` is the row of sdk_env.tbl.h that
 * gives the key's dress, and the variable that `flyball run` puts it in. In lines, {base} is the vendor behind us,
 * {key} the key as that form writes it, {protocol}, {host} and {port} where agents connect.
 */

/* --- models --- */
SNIPPET("openai-python", PYTHON, "openai", "OPENAI_API_KEY", "OpenAI for Python",
        "from openai import OpenAI\n"
        "client = OpenAI(base_url=\"{base}/v1\", api_key={key})\n")
SNIPPET("openai-node", NODE, "openai", "OPENAI_API_KEY", "OpenAI for Node",
        "import OpenAI from \"openai\";\n"
        "const client = new OpenAI({ baseURL: \"{base}/v1\", apiKey: {key} });\n")
SNIPPET("openai-go", GO, "openai", "OPENAI_API_KEY", "OpenAI for Go",
        "client := openai.NewClient(option.WithBaseURL(\"{base}/v1\"), option.WithAPIKey({key}))\n")
SNIPPET("openai-ruby", RUBY, "openai", "OPENAI_API_KEY", "OpenAI for Ruby",
        "client = OpenAI::Client.new(base_url: \"{base}/v1\", api_key: {key})\n")
SNIPPET("anthropic-python", PYTHON, "anthropic", "ANTHROPIC_API_KEY", "Anthropic for Python",
        "from anthropic import Anthropic\n"
        "client = Anthropic(base_url=\"{base}\", api_key={key})\n")
SNIPPET("anthropic-node", NODE, "anthropic", "ANTHROPIC_API_KEY", "Anthropic for Node",
        "import Anthropic from \"@anthropic-ai/sdk\";\n"
        "const client = new Anthropic({ baseURL: \"{base}\", apiKey: {key} });\n")
SNIPPET("anthropic-go", GO, "anthropic", "ANTHROPIC_API_KEY", "Anthropic for Go",
        "client := anthropic.NewClient(option.WithBaseURL(\"{base}\"), option.WithAPIKey({key}))\n")
SNIPPET("anthropic-ruby", RUBY, "anthropic", "ANTHROPIC_API_KEY", "Anthropic for Ruby",
        "client = Anthropic::Client.new(base_url: \"{base}\", api_key: {key})\n")
SNIPPET("vercel-openai", NODE, "openai", "OPENAI_API_KEY", "Vercel AI SDK, OpenAI",
        "import { createOpenAI } from \"@ai-sdk/openai\";\n"
        "const openai = createOpenAI({ baseURL: \"{base}/v1\", apiKey: {key} });\n")
SNIPPET("vercel-anthropic", NODE, "anthropic", "ANTHROPIC_API_KEY", "Vercel AI SDK, Anthropic (its base ends in /v1)",
        "import { createAnthropic } from \"@ai-sdk/anthropic\";\n"
        "const anthropic = createAnthropic({ baseURL: \"{base}/v1\", apiKey: {key} });\n")
SNIPPET("langchain-openai-node", NODE, "openai", "OPENAI_API_KEY", "LangChain.js, OpenAI",
        "import { ChatOpenAI } from \"@langchain/openai\";\n"
        "const model = new ChatOpenAI({ model: \"gpt-4o-mini\", apiKey: {key}, configuration: { baseURL: "
        "\"{base}/v1\" } });\n")
SNIPPET("langchain-anthropic-node", NODE, "anthropic", "ANTHROPIC_API_KEY", "LangChain.js, Anthropic",
        "import { ChatAnthropic } from \"@langchain/anthropic\";\n"
        "const model = new ChatAnthropic({ model: \"claude-haiku-4-5\", apiKey: {key}, anthropicApiUrl: "
        "\"{base}\" });\n")
SNIPPET("langchain-openai-python", PYTHON, "openai", "OPENAI_API_KEY", "LangChain for Python, OpenAI",
        "from langchain_openai import ChatOpenAI\n"
        "model = ChatOpenAI(model=\"gpt-4o-mini\", base_url=\"{base}/v1\", api_key={key})\n")
SNIPPET("langchain-anthropic-python", PYTHON, "anthropic", "ANTHROPIC_API_KEY", "LangChain for Python, Anthropic",
        "from langchain_anthropic import ChatAnthropic\n"
        "model = ChatAnthropic(model=\"claude-haiku-4-5\", base_url=\"{base}\", api_key={key})\n")
SNIPPET("openai-agents-python", PYTHON, "openai", "OPENAI_API_KEY", "OpenAI Agents SDK for Python",
        "from agents import set_default_openai_client, set_tracing_disabled\n"
        "from openai import AsyncOpenAI\n"
        "set_default_openai_client(AsyncOpenAI(base_url=\"{base}/v1\", api_key={key}), use_for_tracing=False)\n"
        "set_tracing_disabled(True)  # its traces would go to OpenAI directly\n")
SNIPPET("claude-agent-python", PYTHON, "anthropic", "ANTHROPIC_API_KEY", "Claude Agent SDK for Python",
        "from claude_agent_sdk import ClaudeAgentOptions\n"
        "options = ClaudeAgentOptions(env={\"ANTHROPIC_BASE_URL\": \"{base}\", \"ANTHROPIC_API_KEY\": {key}})\n")
SNIPPET("claude-agent-node", NODE, "anthropic", "ANTHROPIC_API_KEY", "Claude Agent SDK for Node",
        "const options = { env: { ...process.env, ANTHROPIC_BASE_URL: \"{base}\", ANTHROPIC_API_KEY: {key} } };\n")
SNIPPET("claude-code", SHELL, "anthropic", "ANTHROPIC_API_KEY", "Claude Code (each session is a run)",
        "export ANTHROPIC_BASE_URL=\"{base}\"\n"
        "export ANTHROPIC_AUTH_TOKEN={key}\n")
SNIPPET("codex", TOML, "openai", "OPENAI_API_KEY", "Codex, ~/.codex/config.toml",
        "model_provider = \"flyball\"\n"
        "[model_providers.flyball]\n"
        "name = \"Flyball\"\n"
        "base_url = \"{base}/v1\"\n"
        "env_key = \"OPENAI_API_KEY\"   # {key}\n"
        "wire_api = \"responses\"\n")

/* --- money, messages, mail --- */
SNIPPET("stripe-python", PYTHON, "stripe", "STRIPE_SECRET_KEY", "Stripe for Python",
        "import stripe\n"
        "client = stripe.StripeClient({key}, base_addresses={\"api\": \"{base}\", \"files\": \"{base}\"})\n")
SNIPPET("stripe-node", NODE, "stripe", "STRIPE_SECRET_KEY", "Stripe for Node (its base takes no path)",
        "import Stripe from \"stripe\";\n"
        "const stripe = new Stripe({key}, { host: \"{host}\", port: {port}, protocol: \"{protocol}\" });\n")
SNIPPET("stripe-go", GO, "stripe", "STRIPE_SECRET_KEY", "Stripe for Go",
        "backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{URL: stripe.String(\"{base}\")})\n"
        "client := stripe.NewClient({key}, stripe.WithBackends(backends))\n")
SNIPPET("stripe-ruby", RUBY, "stripe", "STRIPE_SECRET_KEY", "Stripe for Ruby",
        "client = Stripe::StripeClient.new({key}, api_base: \"{base}\", uploads_base: \"{base}\")\n")
SNIPPET("twilio-python", PYTHON, "twilio", "TWILIO_AUTH_TOKEN", "Twilio for Python",
        "from twilio.rest import Client\n"
        "client = Client(os.environ[\"TWILIO_ACCOUNT_SID\"], {key})\n"
        "client.api.base_url = \"{base}\"\n"
        "client.lookups.base_url = \"{base}/lookups\"\n"
        "client.verify.base_url = \"{base}/verify\"\n")
SNIPPET("twilio-node", NODE, "twilio", "TWILIO_AUTH_TOKEN", "Twilio for Node",
        "import twilio from \"twilio\";\n"
        "const client = twilio(process.env.TWILIO_ACCOUNT_SID, {key});\n"
        "client.api.baseUrl = \"{base}\";\n"
        "client.lookups.baseUrl = \"{base}/lookups\";\n"
        "client.verify.baseUrl = \"{base}/verify\";\n")
SNIPPET("twilio-go", GO, "twilio", "TWILIO_AUTH_TOKEN", "Twilio for Go (no base URL: by its transport)",
        "type governed struct{}\n"
        "\n"
        "func (governed) RoundTrip(r *http.Request) (*http.Response, error) {\n"
        "\tto, err := url.Parse(\"{base}\" + r.URL.RequestURI())\n"
        "\tif err != nil {\n"
        "\t\treturn nil, err\n"
        "\t}\n"
        "\tr = r.Clone(r.Context())\n"
        "\tr.URL, r.Host = to, to.Host\n"
        "\treturn http.DefaultTransport.RoundTrip(r)\n"
        "}\n"
        "\n"
        "sid := os.Getenv(\"TWILIO_ACCOUNT_SID\")\n"
        "base := &client.Client{Credentials: client.NewCredentials(sid, {key}),\n"
        "\tHTTPClient: &http.Client{Transport: governed{}}}\n"
        "base.SetAccountSid(sid)\n"
        "twilioClient := twilio.NewRestClientWithParams(twilio.ClientParams{Client: base})\n")
SNIPPET("twilio-ruby", RUBY, "twilio", "TWILIO_AUTH_TOKEN", "Twilio for Ruby (no base URL: by its HTTP client)",
        "class Governed < Twilio::HTTP::Client\n"
        "  def request(host, port, method, url, *rest)\n"
        "    super(host, port, method, url.sub(\"https://api.twilio.com\", \"{base}\"), *rest)\n"
        "  end\n"
        "end\n"
        "client = Twilio::REST::Client.new(ENV[\"TWILIO_ACCOUNT_SID\"], {key}, nil, nil, Governed.new)\n")
SNIPPET("resend-python", PYTHON, "resend", "RESEND_API_KEY", "Resend for Python",
        "import resend\n"
        "resend.api_key = {key}\n"
        "resend.api_url = \"{base}\"\n")
SNIPPET("resend-node", NODE, "resend", "RESEND_API_KEY", "Resend for Node",
        "import { Resend } from \"resend\";\n"
        "const resend = new Resend({key}, { baseUrl: \"{base}\" });\n")
SNIPPET("resend-go", GO, "resend", "RESEND_API_KEY", "Resend for Go (its base ends in a slash)",
        "client := resend.NewClient({key})\n"
        "client.BaseURL, _ = url.Parse(\"{base}/\")\n")
SNIPPET("resend-ruby", RUBY, "resend", "RESEND_API_KEY", "Resend for Ruby (reads its base when it is loaded)",
        "ENV[\"RESEND_BASE_URL\"] = \"{base}/\"\n"
        "require \"resend\"\n"
        "Resend.api_key = {key}\n")
