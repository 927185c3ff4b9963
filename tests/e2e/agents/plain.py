"""An agent as a newcomer has it: the official SDKs and no word of Flyball. Prints what it got, as JSON."""
import json

import anthropic
import openai
import resend

told = {}
chat = openai.OpenAI().chat.completions
messages = [{"role": "user", "content": "Hello there"}]
told["openai"] = chat.create(model="gpt-4o-mini", max_tokens=40, messages=messages).choices[0].message.content
events = chat.create(model="gpt-4o-mini", max_tokens=40, messages=messages, stream=True)
told["openai stream"] = "".join(e.choices[0].delta.content or "" for e in events if e.choices)
told["anthropic"] = anthropic.Anthropic().messages.create(model="claude-haiku-4-5", max_tokens=40,
                                                          messages=messages).content[0].text
told["resend"] = resend.Emails.send({"from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi",
                                     "text": "Hello"})["id"]
try:
    chat.create(model="gpt-4o", max_tokens=40, messages=messages)
except openai.PermissionDeniedError as e:
    told["denied"] = e.message
print(json.dumps(told))
