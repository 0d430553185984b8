// A certified OpenID provider for the tests: `node provider.mjs '<settings as JSON>'` prints its issuer when it listens.
// Settings: port (0: any), clients (as oidc-provider takes them), keys (private JSON Web Keys, the first signs).
// POST /test/next says who signs in at the next sign-in: {"sub", "acr", "amr", "ago" (seconds since she signed in)}.
import http from "node:http";

import Provider, { errors } from "oidc-provider";

const settings = JSON.parse(process.argv[2]);
const people = {
  anna: { roles: ["navigator"], site: "aachen" },
  both: { roles: ["navigator", "lead"], site: "aachen" },
  guest: {},
};
let next = { sub: "anna" };

const server = http.createServer((request, response) => callback(request, response));
server.listen(settings.port, "127.0.0.1", () => {});
await new Promise((resolve) => server.once("listening", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: settings.clients,
  jwks: { keys: settings.keys },
  cookies: { keys: ["of the tests alone"] },
  claims: { openid: ["sub"], profile: ["roles", "site"], acr: null, auth_time: null, sid: null },
  scopes: ["openid", "profile", "partner_system"],
  conformIdTokenClaims: false,
  acrValues: ["pwd", "mfa"],
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "HS256"] },
  pkce: { required: () => true },
  findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub, ...people[sub] }) }),
  extraTokenClaims: (_, token) =>
    token.kind === "ClientCredentials" ? { organization_id: token.clientId } : people[token.accountId],
  loadExistingGrant: async (context) => {
    const grant = new provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile");
    grant.addResourceScope("urn:lotsennetz", "openid profile");
    await grant.save();
    return grant;
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:lotsennetz",
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "openid profile partner_system",
        audience: "lotsennetz",
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: settings.keys[0].alg } },
      }),
    },
  },
});

async function read(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return JSON.parse(text);
}

async function interact(request, response) {
  const { sub, acr, amr, ago } = next;
  const ts = Math.floor(Date.now() / 1000) - (ago ?? 0);
  await provider.interactionFinished(request, response, { login: { accountId: sub, acr, amr, ts } });
}

const handle = provider.callback();
async function callback(request, response) {
  try {
    if (request.url === "/test/next") {
      next = await read(request);
      response.writeHead(204).end();
    } else if (request.url.startsWith("/interaction/")) {
      await interact(request, response);
    } else {
      handle(request, response);
    }
  } catch (error) {
    response.writeHead(error instanceof errors.OIDCProviderError ? 400 : 500).end(String(error));
  }
}
provider.on("server_error", (_, error) => console.error(error));
console.log(issuer);
