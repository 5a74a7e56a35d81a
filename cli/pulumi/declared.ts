// Counts what a program declares while it runs within Pulumi.

import * as pulumi from "@pulumi/pulumi";
import { type Sizes, sizesOfAll } from "./sizes";
import { isComponent } from "./steps";

/** The resources of one program. Its components declare all of them before the program returns. */
export class Declared {
    /** Of each resource, the types of its components and its own. */
    private resources: string[][] = [];

    /** How many resources each part of the stack has. */
    readonly sizes = (): Sizes => sizesOfAll(this.resources);

    /** Runs the program, and counts anew. */
    run<T>(program: () => T): T {
        const types = new WeakMap<pulumi.Resource, string[]>();
        const resources: string[][] = [];
        pulumi.runtime.registerStackTransformation(({ resource, type, opts }) => {
            const own = [...((opts.parent && types.get(opts.parent)) ?? []), type];
            types.set(resource, own);
            if (!isComponent(type)) resources.push(own);
            return undefined;
        });
        this.resources = resources;
        return program();
    }
}
