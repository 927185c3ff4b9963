// Runs a list of SDK calls and says what each gave.
// stdin: {key, host, port, client, retries, steps: [[method, ...args]]},
// where "$0.id" in an argument is a field of an earlier answer. stdout: one JSON array, an item a step:
// {value, headers} or {error: {class, type, code, status, message, headers}}; an async list gives {values}.
import Stripe from "stripe";

const job = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (piece) => (text += piece)).on("end", () => done(text));
}));

const stripe = new Stripe(job.key, {
  host: job.host,
  port: job.port,
  protocol: "http",
  maxNetworkRetries: job.retries,
  telemetry: true,
  ...(job.client === "fetch" ? { httpClient: Stripe.createFetchHttpClient() } : {}),
});

const told = [];

function resolve(arg) {
  if (typeof arg === "string" && arg.startsWith("$")) {
    const [step, ...names] = arg.slice(1).split(".");
    return names.reduce((value, name) => value[name], told[Number(step)].value);
  }
  if (Array.isArray(arg)) return arg.map(resolve);
  if (arg && typeof arg === "object") return Object.fromEntries(Object.entries(arg).map(([k, v]) => [k, resolve(v)]));
  return arg;
}

for (const [method, ...args] of job.steps) {
  const names = method.split(".");
  const name = names.pop();
  const service = names.reduce((value, part) => value[part], stripe);
  try {
    if (name === "all") {
      const values = [];
      for await (const item of service.list(...resolve(args))) values.push(item.id);
      told.push({ values });
      continue;
    }
    const value = await service[name](...resolve(args));
    told.push({ value, headers: value.lastResponse?.headers });
  } catch (e) {
    const { type, code, statusCode: status, message, headers } = e;
    told.push({ error: { class: e.constructor.name, type, code, status, message, headers } });
  }
}

// The SDK leaves the body of an answer that it retries unread, and its socket would keep us alive.
process.stdout.write(JSON.stringify(told), () => process.exit(0));
