/*
 * provider.mjs - a certified OpenID provider (the package oidc-provider) on loopback, with its own pages to sign in.
 * node provider.mjs PORT REDIRECT_URI CLIENT_SECRET; whoever signs in as NAME is NAME, with that email, verified.
 */
import { generateKeyPair, exportJWK } from 'jose';
import Provider from 'oidc-provider';

const [port, redirect, secret] = process.argv.slice(2),
    issuer = `http://127.0.0.1:${port}`;
const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const provider = new Provider(issuer, {
    clients: [
        {
            client_id: 'flyball',
            client_secret: secret,
            redirect_uris: [redirect],
            grant_types: ['authorization_code'],
            response_types: ['code'],
            id_token_signed_response_alg: 'ES256',
        },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'es', alg: 'ES256', use: 'sig' }] },
    pkce: { required: () => true },
    conformIdTokenClaims: false /* as those do it that people have: claims of the scope stand in the ID token */,
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: true }) }),
    cookies: { keys: ['made up'] },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
