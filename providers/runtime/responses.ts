// Protobuf responses that take more than one setter.
import {
    CheckFailure as CheckFailureMessage,
    CheckResponse,
    DiffResponse,
    PropertyDiff,
} from "@pulumi/pulumi/proto/provider_pb";
import type { Change, Difference } from "./diff";
import type { CheckFailure, Props } from "./types";
import { toStruct } from "./wire";

/** The response to check: the checked inputs, and what is wrong with them. */
export function checkResponse(inputs: Props, failures: readonly CheckFailure[]): CheckResponse {
    const response = new CheckResponse();
    response.setInputs(toStruct(inputs));
    response.setFailuresList(failures.map(checkFailure));
    return response;
}

function checkFailure({ property, reason }: CheckFailure): CheckFailureMessage {
    const message = new CheckFailureMessage();
    message.setProperty(property);
    message.setReason(reason);
    return message;
}

/** The response to diff: which inputs changed, and which of those replace the resource. */
export function diffResponse({ changes, deleteBeforeReplace }: Difference): DiffResponse {
    const response = new DiffResponse();
    const { DIFF_SOME, DIFF_NONE } = DiffResponse.DiffChanges;
    response.setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
    response.setDiffsList(changes.map(({ key }) => key));
    response.setReplacesList(changes.filter(({ replaces }) => replaces).map(({ key }) => key));
    response.setDeletebeforereplace(deleteBeforeReplace);
    response.setHasdetaileddiff(true);
    const details = response.getDetaileddiffMap();
    for (const change of changes) {
        const { key, entries = [] } = change;
        if (entries.length === 0) details.set(quoted(key), propertyDiff(change));
        for (const { name, kind } of entries)
            details.set(`${quoted(key)}["${escaped(name)}"]`, propertyDiff({ ...change, kind }));
    }
    return response;
}

function propertyDiff({ kind, replaces, inputDiff }: Change): PropertyDiff {
    const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = PropertyDiff.Kind;
    const kinds = {
        add: [ADD, ADD_REPLACE],
        delete: [DELETE, DELETE_REPLACE],
        update: [UPDATE, UPDATE_REPLACE],
    } as const;
    const message = new PropertyDiff();
    message.setKind(kinds[kind][replaces ? 1 : 0]);
    message.setInputdiff(inputDiff);
    return message;
}

/**
 * A property's key in the detailed diff, which is keyed by paths: a key with a dot in it needs quotes to stay one step.
 */
function quoted(key: string): string {
    return /[.[\]"]/.test(key) ? `["${escaped(key)}"]` : key;
}

function escaped(key: string): string {
    return key.replace(/[\\"]/g, "\\$&");
}
