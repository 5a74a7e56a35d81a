// The wire codec of the provider runtime: secrets stay secret, unknown values stay unknown.
import assert from "node:assert/strict";
import fc from "fast-check";
import { scrubber } from "../../providers/runtime/scrub";
import { UNKNOWN, type Props } from "../../providers/runtime/types";
import {
    decode,
    decodeProps,
    encode,
    fromStruct,
    hasSecret,
    hasUnknown,
    same,
    seal,
    secret,
    secretKeys,
    toStruct,
} from "../../providers/runtime/wire";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Any plain value, including unknown ones. JSON has no negative zero. */
const { value: plainValue } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.constant(UNKNOWN),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
}));

function key(): fc.Arbitrary<string> {
    return fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text !== "__proto__");
}

const plainProps = fc.dictionary(key(), plainValue, { noNullPrototype: true }) as fc.Arbitrary<Props>;

describe("the provider runtime's wire codec", () => {
    it("gives every plain value back after encoding and decoding it", () => {
        fc.assert(fc.property(plainValue, (value) => assert.deepEqual(decode(encode(value)), value)));
    });

    it("gives every bag of properties back after a trip through protobuf", () => {
        fc.assert(
            fc.property(plainProps, (props) => {
                const arrived = decodeProps(fromStruct(toStruct(encode(props) as Props)));
                assert.deepEqual(arrived, props);
                assert.equal(same(arrived, props), !hasUnknown(props));
            }),
        );
    });

    it("unwraps a secret at any depth and remembers which property held it", () => {
        const wire = { connection: { host: "h", privateKey: secret("k") }, port: 22 };
        assert.deepEqual(decodeProps(wire), { connection: { host: "h", privateKey: "k" }, port: 22 });
        assert.deepEqual(secretKeys(wire), ["connection"]);
    });

    it("never lets a secret input out in the clear, whatever the handler echoes", () => {
        fc.assert(
            fc.property(plainProps, fc.infiniteStream(fc.boolean()), (props, coins) => {
                const entries = Object.entries(props).map(([name, value]) => {
                    const hidden = coins.next().value === true && value !== null;
                    return [name, hidden ? secret(encode(value)) : encode(value)] as const;
                });
                const origin: Props = Object.fromEntries(entries);
                const sealed = seal(decodeProps(origin), { always: [], origin });
                assert.deepEqual(secretKeys(sealed), secretKeys(origin));
                assert.deepEqual(decodeProps(sealed), decodeProps(origin));
            }),
        );
    });

    it("hides a whole output when it differs from an input that held a secret", () => {
        const origin = { connection: { host: "h", privateKey: secret("k") } };
        const sealed = seal({ connection: { host: "h2", privateKey: "k" } }, { always: [], origin });
        assert.deepEqual(sealed, { connection: secret({ host: "h2", privateKey: "k" }) });
    });

    it("keeps a secret inside an unchanged property to itself, so that the rest stays readable", () => {
        const origin = { uploads: [{ file: "/a", content: secret("x") }] };
        assert.deepEqual(seal(decodeProps(origin), { always: [], origin }), origin);
    });

    it("marks the outputs that are always secret, unknown ones too", () => {
        const sealed = seal({ key: UNKNOWN, name: "n" }, { always: ["key"], origin: {} });
        assert.equal(hasSecret(sealed.key), true);
        assert.equal(decode(sealed.key), UNKNOWN);
        assert.equal(sealed.name, "n");
    });

    it("understands values that know their dependencies", () => {
        const output = { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4" };
        assert.equal(decode(output), UNKNOWN);
        assert.equal(decode({ ...output, value: "v" }), "v");
        assert.equal(hasSecret({ ...output, value: "v", secret: true }), true);
    });

    it("keeps secrets, and each line of them, out of messages", () => {
        const scrub = scrubber({ stdin: secret("first-line\nsecond-line\n"), plain: "visible-text" });
        assert.equal(scrub("got second-line and visible-text"), "got [secret] and visible-text");
    });
});
