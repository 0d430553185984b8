// Reads {secret, headers, body} from standard input; exit 0 if the official library accepts it, 1 if not.
const { Webhook } = require("standardwebhooks");

const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
try {
  new Webhook(secret).verify(body, headers);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
