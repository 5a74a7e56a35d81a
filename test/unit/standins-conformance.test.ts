// The stand-ins against the official plugins' schemas: same required inputs, same outputs, same replacements.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../../offline/plugins/command/provider";
import { docker } from "../../offline/plugins/docker/provider";
import type { StandInResource } from "../../offline/plugins/stand-in";
import { tls } from "../../offline/plugins/tls/provider";
import type { Provider } from "../../providers/runtime/types";

// The schemas are too large to be kept here; where they lie beside the project, they are the measure.
const SCHEMAS = process.env.SKEP_SCHEMAS ?? join(__dirname, "../../../shared/schemas");

interface Property {
    secret?: boolean;
    replaceOnChanges?: boolean;
    willReplaceOnChanges?: boolean;
}

interface ResourceSchema {
    requiredInputs?: string[];
    required?: string[];
    inputProperties: Record<string, Property>;
    properties: Record<string, Property>;
}

function namesWhere(properties: Record<string, Property>, test: (property: Property) => boolean): string[] {
    return Object.keys(properties)
        .filter((name) => test(properties[name] ?? {}))
        .sort();
}

for (const provider of [command, docker, tls] satisfies Provider[]) {
    describe(`the stand-in for the official ${provider.name} plugin`, () => {
        const file = join(SCHEMAS, `${provider.name}.json`);
        const schema = existsSync(file)
            ? (JSON.parse(readFileSync(file, "utf8")) as { resources: Record<string, ResourceSchema> })
            : undefined;

        before(function () {
            if (schema) return;
            console.log(`      skipped: there is no schema at ${file}`);
            this.skip();
        });

        for (const [type, resource] of Object.entries(provider.resources) as [string, StandInResource][]) {
            const official = () => {
                const found = schema?.resources[type];
                assert.ok(found, `the official plugin has no ${type}`);
                return found;
            };

            it(`requires of ${type} what the official one requires`, () => {
                const required = [...(resource.required ?? [])].sort();
                assert.deepEqual(required, [...(official().requiredInputs ?? [])].sort());
            });

            it(`accepts for ${type} only inputs that the official one has`, () => {
                const unknown = resource.inputs.filter((name) => !(name in official().inputProperties));
                assert.deepEqual(unknown, []);
                const defaults = Object.keys(resource.defaults ?? {});
                assert.deepEqual(
                    defaults.filter((name) => !(name in official().inputProperties)),
                    [],
                );
            });

            it(`gives every output of ${type} that the official one promises`, () => {
                const given = new Set([
                    ...(resource.computed ?? []),
                    ...(resource.required ?? []),
                    ...Object.keys(resource.defaults ?? {}),
                ]);
                const missing = (official().required ?? []).filter((name) => !given.has(name));
                assert.deepEqual(missing, []);
                const invented = (resource.computed ?? []).filter((name) => !(name in official().properties));
                assert.deepEqual(invented, []);
            });

            it(`keeps secret of ${type} what the official one keeps secret`, () => {
                const expected = namesWhere(official().properties, ({ secret }) => secret === true);
                assert.deepEqual([...(resource.secretOutputs ?? [])].sort(), expected);
            });

            it(`replaces ${type} for the changes that replace the official one`, () => {
                const { inputProperties } = official();
                const marked = ({ replaceOnChanges, willReplaceOnChanges }: Property) =>
                    Boolean(replaceOnChanges || willReplaceOnChanges);
                // The tls plugin decides by itself, its schema marks nothing: all but the renewal's lead time replaces.
                const expected =
                    provider === tls
                        ? resource.inputs.filter((name) => name !== "earlyRenewalHours")
                        : namesWhere(inputProperties, marked).filter((name) =>
                              resource.inputs.includes(name),
                          );
                const replacing = resource.replaceOn === "*" ? resource.inputs : (resource.replaceOn ?? []);
                const ofInputs = replacing.filter((name) => resource.inputs.includes(name));
                assert.deepEqual([...ofInputs].sort(), [...expected].sort());
            });
        }
    });
}
