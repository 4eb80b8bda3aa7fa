// An OpenID provider by oidc-provider, with its own pages for signing in (any name and password).
//   node provider.mjs SETTINGS.json    { port, redirect, secret, keys, people: { name: claims } }
// The file is read again for each person: tests change their claims while it runs.
import { readFileSync } from "node:fs";

const { default: Provider } = await import(`${process.env.OIDC_NODE_MODULES}/oidc-provider/lib/index.js`);
const settings = () => JSON.parse(readFileSync(process.argv[2], "utf8"));
const { port, redirect, secret, keys } = settings();

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "do-song", client_secret: secret, redirect_uris: [redirect] }],
  jwks: { keys },
  cookies: { keys: ["a key for tests"] },
  scopes: ["openid", "groups"], // named in its discovery document; as at Dex and Canaille groups come by it alone
  claims: { openid: ["sub"], profile: ["name"], groups: ["groups"], email: ["email", "email_verified"] },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...settings().people[id] }),
  }),
});
provider.listen(port, "127.0.0.1", () => console.log("listening"));
