import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import importX, { createNodeResolver } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/**
 * The layers, lowest first: a file imports from its own row or from rows above it in this list, never from below. Parts in
 * one row do not import each other. Tests may import all; nothing imports them.
 */
const LAYERS = [
    ["errors"],
    ["planning"],
    ["config"],
    ["swarm", "providers/runtime"],
    ["providers/swarm", "providers/sdk"],
    ["components", "offline"],
    ["program", "providers/bundle"],
    ["scripts/setup"],
    ["lab"],
    ["cli"],
    ["index"],
    ["test"],
];

/** A part is a folder, or a file of the top level. */
const TOP_FILES = ["program", "index"];
const pathOf = (part) => (TOP_FILES.includes(part) ? `./${part}.ts` : `./${part}`);

/** What a part may not import, since it stands beside it or further down in the list. */
function zonesOf(row, part) {
    const others = LAYERS.slice(row).flat();
    return others
        .filter((other) => other !== part)
        .map((other) => ({
            target: pathOf(part),
            from: pathOf(other),
            message: `${part} may not import ${other}: eslint.config.mjs has the order of the layers.`,
        }));
}

const zones = LAYERS.flatMap((parts, row) =>
    parts.filter((part) => part !== "test").flatMap((part) => zonesOf(row, part)),
);

export default tseslint.config(
    { ignores: ["node_modules/", ".skep/"] },
    js.configs.recommended,
    ...tseslint.configs.recommended,
    {
        files: ["**/*.ts"],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        rules: {
            "@typescript-eslint/no-floating-promises": "error",
            "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
            "@typescript-eslint/await-thenable": "error",
            "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
            "max-lines": ["error", { max: 400 }],
            "no-restricted-syntax": [
                "error",
                {
                    selector:
                        "CallExpression[callee.object.name='AbortSignal'][callee.property.name='any'] CallExpression[callee.property.name='timeout']",
                    message: "Node.js 20 collects such a timeout as garbage: use within() of swarm/wait.ts.",
                },
            ],
        },
    },
    {
        files: ["**/*.ts"],
        plugins: { "import-x": importX },
        settings: { "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".mjs", ".js"] })] },
        rules: { "import-x/no-restricted-paths": ["error", { zones }] },
    },
    {
        // Planning imports no Pulumi, so tests check its properties in milliseconds. The client of the swarm needs no Pulumi.
        files: ["errors/**/*.ts", "planning/**/*.ts", "config/**/*.ts", "swarm/**/*.ts"],
        rules: { "no-restricted-imports": ["error", { patterns: ["@pulumi/*"] }] },
    },
    { files: ["**/*.mjs"], languageOptions: { globals: { process: "readonly", console: "readonly" } } },
    {
        // The dashboard's page runs in a browser, as a plain script.
        files: ["cli/dashboard/page/*.js"],
        languageOptions: {
            sourceType: "script",
            globals: Object.fromEntries(
                [
                    "document",
                    "customElements",
                    "CustomEvent",
                    "EventSource",
                    "HTMLElement",
                    "ResizeObserver",
                    "setTimeout",
                ].map((name) => [name, "readonly"]),
            ),
        },
    },
    prettier,
);
