/* snippets.ts - lines to paste: how a vendor's own SDK is pointed at us with a new key. SNIPPET: vendor, name, lines. */

interface Snippet {
    vendor: string;
    name: string;
    of: (url: string, key: string) => string;
}

const body = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}';

export const SNIPPETS: Snippet[] = [
    {
        vendor: 'openai',
        name: 'OpenAI, Python',
        of: (u, k) => `from openai import OpenAI\nclient = OpenAI(base_url="${u}/v1", api_key="${k}")`,
    },
    {
        vendor: 'openai',
        name: 'OpenAI, Node',
        of: (u, k) =>
            `import OpenAI from 'openai';\nconst client = new OpenAI({ baseURL: '${u}/v1', apiKey: '${k}' });`,
    },
    {
        vendor: 'openai',
        name: 'OpenAI, environment',
        of: (u, k) => `export OPENAI_BASE_URL=${u}/v1 OPENAI_API_KEY=${k}`,
    },
    {
        vendor: 'openai',
        name: 'OpenAI, curl',
        of: (u, k) =>
            `curl ${u}/v1/chat/completions -H 'Authorization: Bearer ${k}' \\\n  -H 'Content-Type: application/json' -d '${body}'`,
    },
    {
        vendor: 'anthropic',
        name: 'Anthropic, Python',
        of: (u, k) => `from anthropic import Anthropic\nclient = Anthropic(base_url="${u}", api_key="${k}")`,
    },
    {
        vendor: 'anthropic',
        name: 'Anthropic, Node',
        of: (u, k) =>
            `import Anthropic from '@anthropic-ai/sdk';\nconst client = new Anthropic({ baseURL: '${u}', apiKey: '${k}' });`,
    },
    {
        vendor: 'anthropic',
        name: 'Anthropic, environment',
        of: (u, k) => `export ANTHROPIC_BASE_URL=${u} ANTHROPIC_API_KEY=${k}`,
    },
    {
        vendor: 'stripe',
        name: 'Stripe, Python',
        of: (u, k) => `import stripe\nstripe.api_base, stripe.api_key = "${u}", "${k}"`,
    },
    {
        vendor: 'stripe',
        name: 'Stripe, curl',
        of: (u, k) => `curl ${u}/v1/refunds -u ${k}: -d charge=ch_demo -d amount=500`,
    },
    {
        vendor: 'twilio',
        name: 'Twilio, Python',
        of: (u, k) => `from twilio.rest import Client\nclient = Client("${k}", "${k}")\nclient.api.base_url = "${u}"`,
    },
    {
        vendor: 'resend',
        name: 'Resend, environment',
        of: (u, k) => `export RESEND_BASE_URL=${u} RESEND_API_URL=${u} RESEND_API_KEY=${k}`,
    },
];
