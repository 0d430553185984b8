// Opens what is sealed to you and seals your words: JWE (RFC 7516) with what Node 18 has by itself.
//
//   node jose.mjs keygen private.json > public.json        a key pair; hand public.json in, keep private.json
//   node jose.mjs open private.json < dossier.jwe          the dossier as JSON
//   echo "..." | node jose.mjs seal jwks.json              words for `sealed_comment`
import { constants, createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman,
  generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const unb64 = (text) => Buffer.from(text, "base64url");

function concatKdf(secret, alg, bits, { apu = "", apv = "" }) { // RFC 7518, section 4.6.2
  const field = (bytes) => { const size = Buffer.alloc(4); size.writeUInt32BE(bytes.length); return Buffer.concat([size, bytes]); };
  const [round, size] = [Buffer.alloc(4), Buffer.alloc(4)];
  round.writeUInt32BE(1); size.writeUInt32BE(bits);
  const other = [field(Buffer.from(alg)), field(unb64(apu)), field(unb64(apv)), size];
  return createHash("sha256").update(Buffer.concat([round, secret, ...other])).digest().subarray(0, bits / 8);
}

function contentKey(header, encryptedKey, jwk) {
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  if (header.alg === "RSA-OAEP-256") {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, encryptedKey);
  }
  if (header.alg !== "ECDH-ES+A256KW") throw new Error(`not on the list of algorithms: ${header.alg}`);
  const secret = diffieHellman({ privateKey: key, publicKey: createPublicKey({ key: header.epk, format: "jwk" }) });
  const wrapping = createDecipheriv("id-aes256-wrap", concatKdf(secret, header.alg, 256, header), Buffer.alloc(8, 0xa6));
  return Buffer.concat([wrapping.update(encryptedKey), wrapping.final()]);
}

export function open(jwe, jwks) {
  const [head, encryptedKey, iv, ciphertext, tag] = jwe.trim().split(".");
  const header = JSON.parse(unb64(head));
  if (header.enc !== "A256GCM" || header.zip) throw new Error("not on the list of algorithms");
  const jwk = jwks.find((one) => one.kid === header.kid);
  if (!jwk) throw new Error(`sealed to ${header.kid}, which is not among our keys`);
  const decipher = createDecipheriv("aes-256-gcm", contentKey(header, unb64(encryptedKey), jwk), unb64(iv));
  decipher.setAAD(Buffer.from(head, "ascii")); // the first part as it came, not decoded
  decipher.setAuthTag(unb64(tag));
  return Buffer.concat([decipher.update(unb64(ciphertext)), decipher.final()]);
}

export function seal(words, jwk) {
  const [key, iv, header] = [randomBytes(32), randomBytes(12), { enc: "A256GCM", kid: jwk.kid }];
  const recipient = createPublicKey({ key: jwk, format: "jwk" });
  let encryptedKey;
  if (jwk.kty === "RSA") {
    header.alg = "RSA-OAEP-256";
    encryptedKey = publicEncrypt({ key: recipient, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, key);
  } else {
    header.alg = "ECDH-ES+A256KW";
    const pair = jwk.kty === "EC" ? generateKeyPairSync("ec", { namedCurve: jwk.crv }) : generateKeyPairSync("x25519");
    header.epk = pair.publicKey.export({ format: "jwk" });
    const secret = diffieHellman({ privateKey: pair.privateKey, publicKey: recipient });
    const wrapping = createCipheriv("id-aes256-wrap", concatKdf(secret, header.alg, 256, header), Buffer.alloc(8, 0xa6));
    encryptedKey = Buffer.concat([wrapping.update(key), wrapping.final()]);
  }
  const head = b64(JSON.stringify(header));
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(Buffer.from(head, "ascii"));
  const ciphertext = Buffer.concat([cipher.update(words, "utf8"), cipher.final()]);
  return [head, b64(encryptedKey), b64(iv), b64(ciphertext), b64(cipher.getAuthTag())].join(".");
}

// The `kid` is the key's thumbprint (RFC 7638): these members, sorted, without spaces, hashed.
export function keygen() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = privateKey.export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y })).digest("base64url");
  return { ...jwk, kid, use: "enc" };
}

if (process.argv[1]?.endsWith("jose.mjs")) {
  const [, , verb, file] = process.argv;
  const read = () => { const found = JSON.parse(readFileSync(file, "utf8")); return found.keys ?? [found]; };
  if (verb === "open") process.stdout.write(open(readFileSync(0, "utf8"), read()));
  if (verb === "seal") process.stdout.write(seal(readFileSync(0, "utf8").trim(), read().find((one) => one.use === "enc")));
  if (verb === "keygen") {
    const { d, ...publicHalf } = keygen();
    writeFileSync(file, JSON.stringify({ ...publicHalf, d }), { mode: 0o600, flag: "wx" });
    process.stdout.write(JSON.stringify(publicHalf));
  }
}
