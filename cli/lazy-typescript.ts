// Pulumi's SDK loads the TypeScript compiler for functions that become cloud resources, of which Skep has none: 0.9 s of
// every command. With this module loaded before the SDK, the compiler is loaded when something of it is first used.

import Module from "node:module";

const file = require.resolve("typescript");

const stand = new Module(file);
stand.filename = file;
stand.loaded = true;
stand.exports = new Proxy(
    {},
    {
        get(_, name) {
            // Asked by whoever imports it, before any use.
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
