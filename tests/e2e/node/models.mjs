// Runs a list of calls of the official SDKs of OpenAI and Anthropic and says what each gave.
// stdin: {openai: {apiKey, baseURL}, anthropic: {...}, retries, steps: [{vendor, method, args, leaveAfter}]}.
// stdout: one JSON array, an item a step: {value, headers}, {events, left} of a stream, or {error: {...}, events}.
// A request with `stream` is read to its end, or left after `leaveAfter` events.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const job = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (piece) => (text += piece)).on("end", () => done(text));
}));

const clients = {
  openai: new OpenAI({ ...job.openai, maxRetries: job.retries }),
  anthropic: new Anthropic({ ...job.anthropic, maxRetries: job.retries }),
};

function seen(e) {
  const { status, code, type, message, requestID } = e;
  const headers = e.headers ? Object.fromEntries(e.headers.entries()) : undefined;
  return { class: e.constructor.name, status, code, type, message, requestID, headers, body: e.error };
}

async function stream(events, leaveAfter, told) {
  for await (const event of events) {
    told.events.push(event);
    if (told.events.length === leaveAfter) {
      told.left = true;
      break;
    }
  }
}

async function all(page) {
  const values = [];
  for await (const item of page) values.push(item);
  return values;
}

async function step({ vendor, method, args, leaveAfter }) {
  const names = method.split(".");
  const name = names.pop();
  const service = names.reduce((value, part) => value[part], clients[vendor]);
  const told = args[0]?.stream ? { events: [] } : {};
  try {
    const promise = service[name](...args);
    if (name === "list") {
      told.value = await all(promise);
    } else {
      const { data, response } = await promise.withResponse();
      told.headers = Object.fromEntries(response.headers.entries());
      if (told.events) await stream(data, leaveAfter, told);
      else told.value = data;
    }
  } catch (e) {
    told.error = seen(e);
  }
  return told;
}

const told = job.parallel ? await Promise.all(job.steps.map(step)) : [];
if (!job.parallel) for (const one of job.steps) told.push(await step(one));
process.stdout.write(JSON.stringify(told), () => process.exit(0));
