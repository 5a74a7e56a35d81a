// Stand-in for the official random plugin: passwords that stay the same until an input changes.
import { randomInt } from "node:crypto";
import { version } from "@pulumi/random/package.json";
import bcrypt from "bcryptjs";
import type { CheckFailure, Props } from "../../../providers/runtime/types";
import { standIn, type StandInResource } from "../stand-in";

const LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** The cost that the official plugin uses. */
const BCRYPT_ROUNDS = 10;
/** bcrypt ignores what follows; the official plugin hashes these bytes, too. */
const BCRYPT_BYTES = 72;

const randomPassword: StandInResource = {
    inputs: ["length", "special"],
    required: ["length"],
    // The official plugin keeps all of these in the state.
    defaults: {
        lower: true,
        minLower: 0,
        minNumeric: 0,
        minSpecial: 0,
        minUpper: 0,
        number: true,
        numeric: true,
        special: true,
        upper: true,
    },
    computed: ["bcryptHash", "result"],
    secretOutputs: ["bcryptHash", "result"],
    replaceOn: "*",
    check: checkLength,
    async create({ length, special }) {
        const result = randomText(length, special ? LETTERS_AND_DIGITS + SPECIAL : LETTERS_AND_DIGITS);
        const hashed = Buffer.from(result).subarray(0, BCRYPT_BYTES).toString();
        return { id: "none", outs: { result, bcryptHash: await bcrypt.hash(hashed, BCRYPT_ROUNDS) } };
    },
};

function checkLength({ length }: Props): CheckFailure[] {
    if (typeof length !== "number" || length >= 1) return [];
    return [{ property: "length", reason: "length must be at least 1" }];
}

function randomText(length: number, characters: string): string {
    return Array.from({ length }, () => characters.charAt(randomInt(characters.length))).join("");
}

export const random = standIn({
    name: "random",
    version,
    resources: { "random:index/randomPassword:RandomPassword": randomPassword },
});
