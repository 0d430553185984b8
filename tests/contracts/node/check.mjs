// Reads the generated contracts with software that is not ours and prints what it thinks of them, as JSON.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Parser } from "@asyncapi/parser";
import { createConfig, lint } from "@redocly/openapi-core";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { CloudEvent, HTTP } from "cloudevents";

const [, , generated, partners] = process.argv;
const read = (path) => JSON.parse(readFileSync(join(generated, path), "utf8"));
const names = (folder) => readdirSync(join(generated, folder)).map((file) => file.replace(/\.json$/, ""));

function withAjv() {
  const ajv = new Ajv({ strict: true, allErrors: true });
  addFormats(ajv);
  ajv.addVocabulary(["x-category"]);
  const problems = [];
  const validators = Object.fromEntries(names("schemas").map((name) => [name, ajv.compile(read(`schemas/${name}.json`))]));
  for (const name of names("examples")) {
    const example = read(`examples/${name}.json`);
    for (const [schema, value] of [["envelope", example], [name, example.data]]) {
      if (!validators[schema](value)) problems.push({ name, schema, errors: validators[schema].errors });
    }
  }
  const planted = { ...read("examples/referral.rejected.v1.json").data, reason: "BECAUSE", referral_id: "no-uuid" };
  validators["referral.rejected.v1"](planted);
  const refused = (validators["referral.rejected.v1"].errors ?? []).map((error) => error.keyword).sort();
  return { schemas: names("schemas").length, examples: names("examples").length, problems, refused };
}

async function withAsyncApi(file) {
  const text = readFileSync(file, "utf8");
  const { document, diagnostics } = await new Parser().parse(text);
  const errors = diagnostics.filter((one) => one.severity === 0).map((one) => `${one.path.join(".")}: ${one.message}`);
  return { errors, channels: document?.channels().all().length ?? 0, messages: document?.allMessages().all().length ?? 0 };
}

function withCloudEvents() {
  const problems = [];
  let understood = 0;
  for (const name of names("examples")) {
    const example = read(`examples/${name}.json`);
    try {
      const event = HTTP.toEvent({
        headers: { "content-type": "application/cloudevents+json" },
        body: JSON.stringify(example),
      });
      event.validate();
      const same = event.id === example.id && event.type === name && event.subject === example.subject;
      if (!same || JSON.stringify(event.data) !== JSON.stringify(example.data)) problems.push({ name, event });
      understood += 1;
    } catch (error) {
      problems.push({ name, message: error.message });
    }
  }
  const theirs = new CloudEvent({
    id: "5f0c6f0e-58a9-4c54-9a3f-0c5b8d6f0a01",
    source: "/lotsennetz/referral",
    type: "referral.resumed.v1",
    subject: "referral/5f0c6f0e-58a9-4c54-9a3f-0c5b8d6f0a02",
    time: "2026-11-23T09:30:00.000Z",
    datacontenttype: "application/json",
    actor: "system:example",
    correlationid: "5f0c6f0e-58a9-4c54-9a3f-0c5b8d6f0a03",
    dataclassification: "internal",
    data: {
      referral_id: "5f0c6f0e-58a9-4c54-9a3f-0c5b8d6f0a02",
      organization_id: "5f0c6f0e-58a9-4c54-9a3f-0c5b8d6f0a04",
    },
  });
  return { understood, problems, theirs: HTTP.structured(theirs).body };
}

// What `redocly lint` finds by its recommended rules: it is this library with a command line around it.
async function withRedocly() {
  const found = await lint({ ref: join(partners, "openapi.yaml"), config: await createConfig({ extends: ["recommended"] }) });
  return found.map((one) => `${one.severity} ${one.ruleId}: ${one.message} ${one.location[0]?.pointer ?? ""}`);
}

// Every message shown on the pages, and the dossier of the vectors, against the schemas beside them.
function withPages() {
  const ajv = new Ajv({ strict: true, allErrors: true });
  addFormats(ajv);
  ajv.addVocabulary(["x-category"]);
  const isDossier = ajv.compile(JSON.parse(readFileSync(join(partners, "dossier.schema.json"), "utf8")));
  const isAppointment = ajv.compile(read("schemas/appointment.json"));
  const problems = [];
  let shown = 0;
  for (const page of readdirSync(partners).filter((name) => name.endsWith(".md"))) {
    for (const [, text] of readFileSync(join(partners, page), "utf8").matchAll(/^```json\n(.*?)^```$/gms)) {
      const document = JSON.parse(text);
      const [validate, value] = document.type
        ? [ajv.compile({ ...read(`schemas/${document.type}.json`), $id: `https://pages.example/${shown}` }), document.data]
        : [document.starts_at ? isAppointment : isDossier, document];
      shown += 1;
      if (!validate(value)) problems.push({ page, errors: validate.errors });
    }
  }
  return { shown, problems };
}

const asyncapi = await withAsyncApi(join(generated, "asyncapi.yaml"));
const partnerAsyncapi = await withAsyncApi(join(partners, "asyncapi.yaml"));
process.stdout.write(
  JSON.stringify({ ajv: withAjv(), asyncapi, partnerAsyncapi, redocly: await withRedocly(), pages: withPages(), cloudevents: withCloudEvents() }),
);
