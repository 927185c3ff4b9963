// Calls of the official SDKs, and of the frameworks above them, as their users make them: defaults left as they are.
// stdin: {sdk, steps: [{base, key, ask}]}. stdout: one JSON array, an item a step: {text} or {error: {...}}.
// `ask` of a model is {model, max, stream, headers, retries}; of another vendor {method, args}: see
// test_refusal_texts.py.
const job = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (piece) => (text += piece)).on("end", () => done(text));
}));

const prompt = "Write 100 words"; // to the simulated models: an order
const messages = [{ role: "user", content: prompt }];
const words = (content) => (typeof content === "string" ? content : content.map((part) => part.text ?? "").join(""));

async function joined(pieces, textOf) {
  let text = "";
  for await (const piece of pieces) text += textOf(piece) ?? "";
  return text;
}

async function byAi(model, { max, stream, headers, retries }) {
  const { generateText, streamText } = await import("ai");
  const ask = { model, prompt, maxOutputTokens: max, maxRetries: retries, headers };
  return stream ? joined(streamText(ask).textStream, (piece) => piece) : (await generateText(ask)).text;
}

async function byLangchain(model, { stream }) {
  if (stream) return joined(await model.stream(prompt), (piece) => words(piece.content));
  return words((await model.invoke(prompt)).content);
}

function named(service, method) {
  const names = method.split(".");
  const last = names.pop();
  const owner = names.reduce((value, name) => value[name], service);
  return (...args) => owner[last](...args);
}

const sdks = {
  openai: async (base, apiKey, { model, max, stream, headers }) => {
    const { default: OpenAI } = await import("openai");
    const { chat } = new OpenAI({ baseURL: `${base}/openai/v1`, apiKey });
    const told = await chat.completions.create({ model, max_tokens: max, messages, stream }, { headers });
    return stream ? joined(told, (e) => e.choices[0]?.delta?.content) : told.choices[0].message.content;
  },
  anthropic: async (base, apiKey, { model, max, stream, headers }) => {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const client = new Anthropic({ baseURL: `${base}/anthropic`, apiKey });
    const told = await client.messages.create({ model, max_tokens: max, messages, stream }, { headers });
    return stream ? joined(told, (e) => e.delta?.text) : words(told.content);
  },
  "ai-openai": async (base, apiKey, ask) => {
    const { createOpenAI } = await import("@ai-sdk/openai");
    return byAi(createOpenAI({ baseURL: `${base}/openai/v1`, apiKey })(ask.model), ask);
  },
  "ai-anthropic": async (base, apiKey, ask) => {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    return byAi(createAnthropic({ baseURL: `${base}/anthropic/v1`, apiKey })(ask.model), ask);
  },
  "langchain-openai": async (base, apiKey, ask) => {
    const { ChatOpenAI } = await import("@langchain/openai");
    const configuration = { baseURL: `${base}/openai/v1`, defaultHeaders: ask.headers };
    return byLangchain(new ChatOpenAI({ model: ask.model, maxTokens: ask.max, apiKey, configuration }), ask);
  },
  "langchain-anthropic": async (base, apiKey, ask) => {
    const { ChatAnthropic } = await import("@langchain/anthropic");
    const where = { apiKey, anthropicApiUrl: `${base}/anthropic`, clientOptions: { defaultHeaders: ask.headers } };
    return byLangchain(new ChatAnthropic({ model: ask.model, maxTokens: ask.max, ...where }), ask);
  },
  stripe: async (base, key, { method, args }) => {
    const { default: Stripe } = await import("stripe");
    const { hostname: host, port } = new URL(base);
    return (await named(new Stripe(key, { host, port, protocol: "http" }), method)(args)).id;
  },
  twilio: async (base, key, { method, args }) => {
    const { default: twilio } = await import("twilio");
    const client = twilio("AC" + "0".repeat(32), key);
    client.api.baseUrl = `${base}/twilio`;
    return (await named(client, method)(args)).sid;
  },
  resend: async (base, key, { method, args }) => {
    const { Resend } = await import("resend");
    const { data, error } = await named(new Resend(key, { baseUrl: `${base}/resend` }), method)(args);
    if (error) throw error;
    return data.id;
  },
};

async function told({ base, key, ask }) {
  try {
    return { text: await sdks[job.sdk](base, key, ask) };
  } catch (e) {
    return { error: { class: e.constructor.name, status: e.statusCode ?? e.status, message: e.message } };
  }
}

const all = [];
for (const step of job.steps) all.push(await told(step));
// An SDK leaves the body of an answer that it retries unread, and its socket would keep us alive.
process.stdout.write(JSON.stringify(all), () => process.exit(0));
