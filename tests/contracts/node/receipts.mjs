// A partner's developer in JavaScript: checks a receipt of the network with `jose`, and signs one in return.
import { readFileSync } from "node:fs";
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";

const { token, forged, jwks, issuer, audience } = JSON.parse(readFileSync(0, "utf-8"));
const keys = createLocalJWKSet(jwks);
const expected = { issuer, audience, typ: "secevent+jwt", algorithms: ["Ed25519", "EdDSA"] };
const { payload, protectedHeader } = await jwtVerify(token, keys, expected);
const refused = await jwtVerify(forged, keys, expected).then(() => null, (error) => error.code);

const [body] = Object.values(payload.events);
const theirs = {};
for (const alg of ["ES256", "PS512", "Ed25519", "EdDSA"]) {
  const pair = await generateKeyPair(alg, { extractable: true });
  const signed = await new SignJWT({
    events: { "urn:lotsennetz:event:partner.confirmed.v1": { referral_id: body.referral_id, receipt: payload.jti } },
  })
    .setProtectedHeader({ alg, typ: "secevent+jwt", kid: alg })
    .setIssuer(audience).setAudience(issuer).setJti(alg).setIssuedAt()
    .sign(pair.privateKey);
  theirs[alg] = { signed, jwk: { ...(await exportJWK(pair.publicKey)), kid: alg, use: "sig" } };
}
process.stdout.write(JSON.stringify({ payload, protectedHeader, refused, theirs }));
