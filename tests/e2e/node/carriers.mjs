// One call of each of the SDKs named, so that a witness can look at its bytes. Nothing is printed; an error ends it.
// stdin: [{sdk, base, key, under}]: `under` is the base URL's path, where the vendor's usual one is not meant.
const steps = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (piece) => (text += piece)).on("end", () => done(text));
}));

const prompt = "Hello there";
const ask = { max_tokens: 20, messages: [{ role: "user", content: prompt }] };
const [chat, claude] = ["gpt-4o-mini", "claude-haiku-4-5"];

const sdks = {
  openai: async (baseURL, apiKey) => {
    const { default: OpenAI } = await import("openai");
    await new OpenAI({ baseURL, apiKey }).chat.completions.create({ model: chat, ...ask });
  },
  anthropic: async (baseURL, apiKey) => {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    await new Anthropic({ baseURL, apiKey }).messages.create({ model: claude, ...ask });
  },
  "ai-openai": async (baseURL, apiKey) => {
    const [{ createOpenAI }, { generateText }] = [await import("@ai-sdk/openai"), await import("ai")];
    const provider = createOpenAI({ baseURL, apiKey });
    await generateText({ model: baseURL.endsWith("/v1") ? provider.chat(chat) : provider(chat), prompt });
  },
  "ai-anthropic": async (baseURL, apiKey) => {
    const [{ createAnthropic }, { generateText }] = [await import("@ai-sdk/anthropic"), await import("ai")];
    await generateText({ model: createAnthropic({ baseURL, apiKey })(claude), prompt, maxOutputTokens: 20 });
  },
  "langchain-openai": async (baseURL, apiKey) => {
    const { ChatOpenAI } = await import("@langchain/openai");
    await new ChatOpenAI({ model: chat, apiKey, configuration: { baseURL } }).invoke(prompt);
  },
  "langchain-anthropic": async (anthropicApiUrl, apiKey) => {
    const { ChatAnthropic } = await import("@langchain/anthropic");
    await new ChatAnthropic({ model: claude, apiKey, anthropicApiUrl, maxTokens: 20 }).invoke(prompt);
  },
  stripe: async (base, key) => {
    const { default: Stripe } = await import("stripe");
    const { hostname: host, port } = new URL(base);
    const charge = { amount: 300, currency: "usd", source: "tok_visa" };
    await new Stripe(key, { host, port, protocol: "http" }).charges.create(charge);
  },
  twilio: async (base, key) => {
    const { default: twilio } = await import("twilio");
    const client = twilio("AC" + "0".repeat(32), key);
    client.api.baseUrl = base;
    await client.messages.create({ to: "+14155550123", from: "+14155550100", body: String(Math.random()) });
  },
  resend: async (baseUrl, key) => {
    const { Resend } = await import("resend");
    const mail = { from: "shop@example.com", to: ["ann@example.com"], subject: "Hi", text: "Hello" };
    const { error } = await new Resend(key, { baseUrl }).emails.send(mail);
    if (error) throw new Error(error.message);
  },
};
const usual = { openai: "/openai/v1", "ai-openai": "/openai/v1", "langchain-openai": "/openai/v1",
                anthropic: "/anthropic", "ai-anthropic": "/anthropic/v1", "langchain-anthropic": "/anthropic",
                stripe: "", twilio: "/twilio", resend: "/resend" };

for (const { sdk, base, key, under } of steps) await sdks[sdk](base + (under ?? usual[sdk]), key);
process.exit(0);
