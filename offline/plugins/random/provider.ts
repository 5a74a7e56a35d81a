// Stand-in for the official random plugin: passwords, strings and ids that stay the same until an input changes.
import { randomBytes } from "node:crypto";
import { version } from "@pulumi/random/package.json";
import bcrypt from "bcryptjs";
import { standIn, type StandInResource } from "../stand-in";
import { CHARACTER_DEFAULTS, checkCharacters, randomCharacters } from "./characters";

const CHARACTER_INPUTS = [
    "keepers",
    "length",
    "lower",
    "minLower",
    "minNumeric",
    "minSpecial",
    "minUpper",
    "number",
    "numeric",
    "overrideSpecial",
    "special",
    "upper",
];

/** The cost that the official plugin uses. */
const BCRYPT_ROUNDS = 10;
/** bcrypt reads no further than this; the official plugin hashes the same first bytes. */
const BCRYPT_BYTES = 72;

const characters = {
    inputs: CHARACTER_INPUTS,
    required: ["length"],
    defaults: CHARACTER_DEFAULTS,
    replaceOn: "*",
    check: checkCharacters,
} as const satisfies Partial<StandInResource>;

const randomPassword: StandInResource = {
    ...characters,
    computed: ["bcryptHash", "result"],
    secretOutputs: ["bcryptHash", "result"],
    async create(inputs) {
        const result = randomCharacters(inputs);
        const hashed = Buffer.from(result).subarray(0, BCRYPT_BYTES).toString();
        return { id: "none", outs: { result, bcryptHash: await bcrypt.hash(hashed, BCRYPT_ROUNDS) } };
    },
};

const randomString: StandInResource = {
    ...characters,
    computed: ["result"],
    async create(inputs) {
        const result = randomCharacters(inputs);
        return { id: result, outs: { result } };
    },
};

const randomId: StandInResource = {
    inputs: ["byteLength", "keepers", "prefix"],
    required: ["byteLength"],
    computed: ["b64Std", "b64Url", "dec", "hex"],
    replaceOn: "*",
    async create({ byteLength, prefix = "" }) {
        const bytes = randomBytes(byteLength);
        const hex = bytes.toString("hex");
        const id = bytes.toString("base64url");
        const texts = {
            b64Std: bytes.toString("base64"),
            b64Url: id,
            dec: BigInt(`0x${hex}`).toString(),
            hex,
        };
        const prefixed = Object.entries(texts).map(([name, text]) => [name, `${prefix}${text}`]);
        return { id, outs: Object.fromEntries(prefixed) };
    },
};

export const random = standIn({
    name: "random",
    version,
    resources: {
        "random:index/randomPassword:RandomPassword": randomPassword,
        "random:index/randomString:RandomString": randomString,
        "random:index/randomId:RandomId": randomId,
    },
});
