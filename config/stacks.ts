// Settings of the user's own swarm stacks, `skep:stacks`.

import { z } from "zod";
import type { Problem } from "../errors";
import { PREFIX, type Values } from "./file";
import { duration, group, list, text } from "./values";

/** Skep's own stacks. */
const RESERVED: readonly string[] = ["registry", "sample"];
/** The secret settings with the values of stacks' secrets and variables, and with the logins of registries, by name. */
export const SECRETS = "secrets";
export const LOGINS = "logins";

const NAME_FORM = "a lower-case letter or a digit, then letters, digits, dashes and underscores, 30 at most";
const variable = text(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name, such as TAG");
const secretName = text(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "the name of a secret setting, such as shop_db");

const stackSchema = group({
    /** The compose file, from the project's folder on: as `docker stack deploy` takes it, with `build:`. Required. */
    file: text(/\S/, "the path of a compose file, such as ../shop/compose.yaml"),
    /** Values of the file's variables. They come before those of the environment and of `envFile`. Default none. */
    variables: z
        .record(variable, z.string({ error: "it must be a text: put numbers, true and false in quotes" }), {
            error: 'it must be values by the names of variables, such as {TAG: "1.4.2"}',
        })
        .default({}),
    /** A file of further variables, `NAME=value` in each line; the environment comes before it. Default none. */
    envFile: text(/\S/, "the path of a file of variables, such as ../shop/shop.env").optional(),
    /**
     * Secrets of the compose file whose values are secret settings: `{db: shop_db}` takes the one set by `pulumi config set
     * --secret --path skep:secrets.shop_db`. Default: the file itself says where each value is.
     */
    secrets: z
        .record(z.string(), secretName, {
            error: "it must be names of secret settings by the names of secrets, such as {db: shop_db}",
        })
        .default({}),
    /**
     * Registries that nodes log in to for its images, such as ghcr.io. The login of each is the secret setting
     * `skep:logins`, as `USER:PASSWORD`. Skep's own registry is always one. Default: none more.
     */
    registries: list(
        text(/^[a-z0-9.-]+(:\d+)?$/, "a registry's server, such as ghcr.io"),
        "servers of registries, such as [ghcr.io]",
    ).default([]),
    /** How long an `up` waits without any task that moves on: `3m`. Default `3m`. */
    timeout: duration("3m").prefault("3m"),
});

export const stacksSchema = z
    .record(z.string(), stackSchema, {
        error: "it must be stacks by their names, such as shop: {file: ../shop/compose.yaml}",
    })
    .superRefine((stacks, { addIssue }) => {
        for (const name of Object.keys(stacks)) {
            const refuse = (message: string) => addIssue({ code: "custom", path: [name], message });
            if (RESERVED.includes(name)) refuse("it must have another name: this one is Skep's own stack");
            else if (!/^[a-z0-9][a-z0-9_-]{0,29}$/.test(name)) refuse(`its name must be ${NAME_FORM}`);
        }
    });

export type StackSettings = z.output<typeof stackSchema>;

/** Problems of the secret settings that stacks need: one that is missing, or kept in clear. `pulumi` is Pulumi's own file. */
export function secretProblems(stacks: Readonly<Record<string, StackSettings>>, pulumi: Values): Problem[] {
    const all = Object.values(stacks);
    return [
        ...asked(
            SECRETS,
            all.flatMap(({ secrets }) => Object.values(secrets)),
            pulumi,
        ),
        ...asked(
            LOGINS,
            all.flatMap(({ registries }) => registries),
            pulumi,
        ),
    ];
}

function asked(setting: typeof SECRETS | typeof LOGINS, names: readonly string[], pulumi: Values): Problem[] {
    const given = pulumi[PREFIX + setting];
    const values = typeof given === "object" && given !== null ? (given as Values) : {};
    return [...new Set([...names, ...Object.keys(values)])].flatMap((name): Problem[] => {
        const path = /^[\w-]+$/.test(name)
            ? `${PREFIX}${setting}.${name}`
            : `'${PREFIX}${setting}["${name}"]'`;
        const way = `Set it with \`pulumi config set --secret --path ${path}\`, after the line of \`npm run skep -- env\`.`;
        if (typeof values[name] === "object") return [];
        const what = values[name] === undefined ? "is missing" : "is kept in clear";
        return [{ id: "STACK_SECRET", problem: `The secret setting ${path} ${what}.`, advice: way }];
    });
}
