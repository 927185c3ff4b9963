// An issuer of identity tokens in Node, with jose: `node identity.mjs JWKS_FILE ALG CLAIMS` writes the public keys to
// the file, and prints a token with these claims.
import { writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const [file, alg, claims] = process.argv.slice(2);
const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
const kid = `node-${alg}`;
writeFileSync(file, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }] }));
console.log(
    await new SignJWT(JSON.parse(claims))
        .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
        .setIssuedAt()
        .setExpirationTime('5m')
        .setJti(crypto.randomUUID())
        .sign(privateKey),
);
