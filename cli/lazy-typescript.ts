// Pulumi's SDK loads the TypeScript compiler for functions that become cloud resources. Skep has none, and the compiler
// costs 0.9 s of every command. If this module is loaded before the SDK, the compiler is loaded on its first use only.

import Module from "node:module";

const file = require.resolve("typescript");

const stand = new Module(file);
stand.filename = file;
stand.loaded = true;
stand.exports = new Proxy(
    {},
    {
        get(_, name) {
            // Every importer asks for this before it uses the compiler.
            if (name === "__esModule") return undefined;
            return (load() as Record<string | symbol, unknown>)[name];
        },
    },
);
require.cache[file] = stand;

function load(): unknown {
    if (require.cache[file] === stand) Reflect.deleteProperty(require.cache, file);
    return module.require(file);
}
