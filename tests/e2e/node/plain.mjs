// An agent as a newcomer has it: the official SDKs and no word of Flyball. Prints what it got, as JSON.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { Resend } from "resend";

const told = {};
const chat = new OpenAI().chat.completions;
const messages = [{ role: "user", content: "Hello there" }];
const ask = { model: "gpt-4o-mini", max_tokens: 40, messages };
told.openai = (await chat.create(ask)).choices[0].message.content;
told["openai stream"] = "";
for await (const e of await chat.create({ ...ask, stream: true }))
  told["openai stream"] += e.choices[0]?.delta?.content ?? "";
told.anthropic = (await new Anthropic().messages.create({ ...ask, model: "claude-haiku-4-5" })).content[0].text;
const sent = await new Resend().emails.send({ from: "shop@example.com", to: ["ann@example.com"], subject: "Hi",
                                              text: "Hello" });
told.resend = sent.data?.id ?? sent.error;
try {
  await chat.create({ ...ask, model: "gpt-4o" });
} catch (e) {
  told.denied = e instanceof OpenAI.PermissionDeniedError ? e.message : String(e);
}
console.log(JSON.stringify(told));
