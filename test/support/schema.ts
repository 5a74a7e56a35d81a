// Checks what a command prints with --json against the schema that docs/schema/ publishes for it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020";

const FOLDER = resolve(__dirname, "../../docs/schema");

/** Fails unless the value is as docs/schema/NAME.json says. The value is first written and read as JSON, as users get it. */
export function assertMatches(name: string, value: unknown): void {
    const schema = JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8")) as object;
    const ajv = new Ajv2020({ allErrors: true, strict: true });
    const isValid = ajv.validate(schema, JSON.parse(JSON.stringify(value)));
    assert.ok(isValid, `${name}: ${ajv.errorsText(ajv.errors, { separator: "\n" })}`);
}
