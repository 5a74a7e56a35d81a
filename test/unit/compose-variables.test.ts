// Variables of compose files: their forms, their types, and the dollar signs that stay.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { fillIn } from "../../planning/compose/variables";
import { problemsOf, render, rendered, service, warningsOf } from "../support/compose";

const VARIABLES = { A: "a", B: "b", EMPTY: "", lower_1: "l", _x: "x", DOLLAR: "$A ${B} $$" };
const fill = (text: string) => fillIn(text, VARIABLES).text;

describe("Variables of a compose file", () => {
    it("are filled in in all of compose's forms", () => {
        const forms: [string, string][] = [
            ["$A", "a"],
            ["${A}", "a"],
            ["$lower_1-$_x.$A", "l-x.a"],
            ["${NO:-d}|${EMPTY:-d}|${A:-d}", "d|d|a"],
            ["${NO-d}|${EMPTY-d}|${A-d}", "d||a"],
            ["${A:?e}|${A?e}|${EMPTY?e}", "a|a|"],
            ["${NO:+r}|${EMPTY:+r}|${A:+r}", "||r"],
            ["${NO+r}|${EMPTY+r}|${A+r}", "|r|r"],
            ["${NO:-}|${A:+}", "|"],
            ["${NO:-${EMPTY:-${A}$B}}", "ab"],
            ["${A:+${B:+[$B]}}", "[b]"],
            ["${NO:-a:b-c?d+e}", "a:b-c?d+e"],
            ["$$A $${A} $$$A", "$A ${A} $a"],
            ["${NO:-$${x}}", "${x}"],
            ["${DOLLAR}", "$A ${B} $$"],
            ["$A$B${A}b", "abab"],
        ];
        for (const [text, filled] of forms) {
            assert.equal(fill(text), filled, text);
            assert.deepEqual(fillIn(text, VARIABLES).faults, [], text);
        }
    });

    it("are refused where the text says so, or where a dollar sign is alone", () => {
        const faults = (text: string) => fillIn(text, VARIABLES).faults;
        assert.deepEqual(faults("${NO:?set it to $A}"), ["the variable NO is needed: set it to a"]);
        assert.deepEqual(faults("${EMPTY:?}"), ["the variable EMPTY is needed"]);
        assert.deepEqual(faults("${NO?x} ${NO2?y}").length, 2);
        for (const text of ["$", "a $ b", "$1", "${}", "${1}", "${A", "${A b}", "${A!x}", "${-x}"])
            assert.equal(faults(text).length, 1, text);
    });

    it("that are not set are empty and told, but only where they are needed", () => {
        assert.deepEqual(fillIn("$NO${NO}${N2}", {}).unset, ["NO", "N2"]);
        assert.deepEqual(fillIn("${A:-$NO}${NO:+$N2}", VARIABLES).unset, []);
        assert.deepEqual(warningsOf(service("hostname: a${NO}")), [
            "4: the variable NO is not set, and empty here",
        ]);
        assert.equal(fillIn("$constructor ${toString}", {}).text, " ");
    });

    it("keep any text around them, and any value", () => {
        const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/);
        const part = fc.oneof(
            fc
                .string({ unit: "grapheme" })
                .map((text) => ({ text: text.replaceAll("$", "$$$$"), value: text })),
            fc.tuple(name, fc.string()).map(([key, value]) => ({ text: `\${${key}}`, key, value })),
            fc.tuple(name, fc.string()).map(([key, value]) => ({ text: `\${${key}:-}`, key, value })),
            fc
                .tuple(name, fc.stringMatching(/^[^${}]*$/))
                .map(([key, value]) => ({ text: `\${not_${key}-${value}}`, value })),
        );
        fc.assert(
            fc.property(fc.array(part), (parts) => {
                const variables: Record<string, string> = {};
                for (const one of parts) if ("key" in one) variables[one.key] ??= one.value;
                const expected = parts.map((one) => ("key" in one ? variables[one.key] : one.value)).join("");
                const filled = fillIn(parts.map(({ text }) => text).join(""), variables);
                assert.deepEqual(filled, { text: expected, unset: [], faults: [] });
            }),
        );
    });

    it("come out of YAML as the text that they are, whatever quotes are around them", () => {
        const styles = ["${V}", '"${V}"', "'${V}'", "|-\n        ${V}", ">-\n        ${V}", "\n        ${V}"];
        const nasty = fc.constantFrom(
            "yes",
            "0400",
            "1_000",
            "null",
            "~",
            "1.10",
            "- a",
            "a: b",
            "#",
            "'",
            '"',
            "!x",
        );
        fc.assert(
            fc.property(
                fc.constantFrom(...styles),
                fc.oneof(nasty, fc.string({ unit: "grapheme" }), fc.string()),
                (style, value) => {
                    // Only line ends cannot be in all of these styles: a value with one is a secret or a config.
                    const V = value.replace(/[\r\n\u0085\u2028\u2029]/g, " ");
                    const { compose, problems } = render(service(`environment:\n  KEY: ${style}`), {
                        variables: { V },
                    });
                    assert.deepEqual(problems, []);
                    const { services } = parse(compose) as {
                        services: { web: { environment: { KEY: unknown } } };
                    };
                    assert.equal(services.web.environment.KEY, V.replaceAll("$", "$$$$"));
                },
            ),
        );
    });

    it("become numbers and booleans where Docker casts them, and texts elsewhere", () => {
        const variables = { N: "3", ON: "Yes", OFF: "off", RATIO: "0.5", MODE: "0400" };
        const text = service(
            [
                "hostname: ${N}",
                "read_only: ${ON}",
                "tty: '${OFF}'",
                "healthcheck: { retries: $N }",
                'ulimits: { nofile: { soft: $N, hard: $N }, nproc: "${N}" }',
                "secrets: [{ source: s, mode: $MODE }]",
                "labels: { a: $N, b: $ON }",
                "deploy:",
                "  replicas: ${N}",
                '  update_config: { parallelism: "${N}", max_failure_ratio: $RATIO }',
            ].join("\n"),
            "secrets: { s: { external: true } }\n",
        );
        assert.match(render(text, { variables }).compose, /mode: 400 /);
        assert.deepEqual(rendered<{ services: object }>(text, { variables }).services, {
            web: {
                image: "web:1",
                hostname: "3",
                read_only: true,
                tty: false,
                healthcheck: { retries: 3 },
                ulimits: { nofile: { soft: 3, hard: 3 }, nproc: 3 },
                secrets: [{ source: "s", mode: 400 }],
                labels: { a: "3", b: "Yes" },
                deploy: { replicas: 3, update_config: { parallelism: 3, max_failure_ratio: 0.5 } },
            },
        });
    });

    it("that are no numbers are refused where Docker casts them, once", () => {
        const text = service("read_only: ${A}\ndeploy:\n  replicas: ${A}\nports: [{ target: $EMPTY }]");
        assert.deepEqual(problemsOf(text, { variables: VARIABLES }), [
            '4: services.web.read_only must be true or false, and is "a"',
            '6: services.web.deploy.replicas must be a whole number, and is "a"',
            '7: services.web.ports[].target must be a whole number, and is ""',
        ]);
    });

    it("are not filled in in keys and comments, and leave what has none as it was", () => {
        const text = service("labels:\n  $A: x # ${NO} \n  b:   'y'   # kept\n# ${NO:?x}");
        const { compose, warnings, problems } = render(text, { variables: VARIABLES });
        assert.deepEqual([warnings, problems], [[], []]);
        for (const part of ["$A: x # ${NO}", "b: 'y' # kept", "# ${NO:?x}"])
            assert.ok(compose.includes(part), part);
    });

    it("of one anchor become what each place takes", () => {
        const text = `x-n: &n \${N}\n${service("hostname: *n\ndeploy: { replicas: *n }")}`;
        assert.deepEqual(rendered<{ services: object }>(text, { variables: { N: "2" } }).services, {
            web: { image: "web:1", hostname: "2", deploy: { replicas: 2 } },
        });
    });
});
