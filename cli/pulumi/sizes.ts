// How many resources each part of a stack has, so that a part is known to be done before the whole operation is.

import { type Part, partOf } from "../../planning/parts";
import { partsOfUrn } from "./steps";

export type Sizes = ReadonlyMap<Part, number>;

/** The sizes of parts of which the state has these resources. */
export function sizesIn(resources: readonly { urn: string; custom?: boolean }[]): Sizes {
    return sizesOfAll(resources.filter(({ custom }) => custom).map(({ urn }) => partsOfUrn(urn).types));
}

/** The sizes of parts with resources of these types, each type behind the types of its components. */
export function sizesOfAll(all: readonly (readonly string[])[]): Sizes {
    const counts = new Map<Part, number>();
    for (const types of all) {
        const part = partOf(types);
        if (part) counts.set(part, (counts.get(part) ?? 0) + 1);
    }
    return counts;
}
