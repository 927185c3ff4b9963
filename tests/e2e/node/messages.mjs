// Runs calls of the Twilio and Resend SDKs and says what each gave.
// stdin: {key, data, account, steps: [[method, ...args]]}. stdout: one JSON array, an item a step: {value} or {error}.
import twilio from "twilio";
import { Resend } from "resend";

const job = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (piece) => (text += piece)).on("end", () => done(text));
}));

const client = twilio(job.account, job.key);
client.api.baseUrl = job.data + "/twilio";
client.lookups.baseUrl = job.data + "/twilio/lookups";
const resend = new Resend("re_" + job.key, { baseUrl: job.data + "/resend" });

const calls = {
  "messages.create": (a) => client.messages.create(a),
  lookup: (number, a) => client.lookups.v2.phoneNumbers(number).fetch(a),
  "emails.send": (a) => resend.emails.send(a),
  "batch.send": (a) => resend.batch.send(a),
};

const told = [];
for (const [method, ...args] of job.steps) {
  try {
    const value = await calls[method](...args);
    told.push({ value: value.toJSON ? value.toJSON() : value });
  } catch (e) {
    told.push({ error: { class: e.constructor.name, status: e.status, code: e.code, message: e.message } });
  }
}
process.stdout.write(JSON.stringify(told), () => process.exit(0));
