import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { compareDebianVersions } from "../../scripts/setup/debian-versions";
import { parsePackages } from "../../scripts/setup/repository";

describe("the order of Debian versions", () => {
    /** Oldest first; each pair is a rule of Debian's policy or a version that Docker has published. */
    const ordered = [
        "1.0~~",
        "1.0~~a",
        "1.0~",
        "1.0",
        "1.0a",
        "1.0+dfsg",
        "1.0.1",
        "1.9",
        "1.10",
        "1.10-1",
        "1.10-1.1",
        "1.10-10",
        "5:20.10.24-1~debian.12~bookworm",
        "5:20.10.24-1",
        "5:26.1.5-1~debian.12~bookworm",
        "5:26.1.5-1~debian.13~trixie",
        "5:28.0.0~rc.1-1~debian.12~bookworm",
        "5:28.0.0-1~debian.12~bookworm",
        "5:28.5.2-1~debian.12~bookworm",
        "10:1",
    ];

    it("is Debian's", () => {
        ordered.forEach((a, i) =>
            ordered.forEach((b, j) =>
                assert.equal(Math.sign(compareDebianVersions(a, b)), Math.sign(i - j), `${a} ${b}`),
            ),
        );
    });

    const character = fc.constantFrom(..."0123459.+~ab".split(""));
    const part = fc.array(character, { maxLength: 8 }).map((characters) => `1${characters.join("")}`);
    const version = fc
        .tuple(fc.option(fc.nat(9)), part, fc.option(part))
        .map(
            ([epoch, upstream, revision]) =>
                `${epoch === null ? "" : `${epoch}:`}${upstream}${revision === null ? "" : `-${revision}`}`,
        );

    it("is total: swapping two versions swaps the answer, and the order of three is one order", () => {
        fc.assert(
            fc.property(version, version, version, (a, b, c) => {
                assert.equal(
                    Math.sign(compareDebianVersions(a, b)) + Math.sign(compareDebianVersions(b, a)),
                    0,
                );
                const [x, y, z] = [a, b, c].sort(compareDebianVersions);
                assert.ok(
                    compareDebianVersions(x ?? "", y ?? "") <= 0 &&
                        compareDebianVersions(x ?? "", z ?? "") <= 0,
                );
            }),
        );
    });

    it("agrees with dpkg", function () {
        if (spawnSync("dpkg", ["--version"]).error) {
            console.log("      skipped: this machine has no dpkg to compare with");
            this.skip();
        }
        const operator = (sign: number) => (sign < 0 ? "lt" : sign > 0 ? "gt" : "eq");
        fc.assert(
            fc.property(version, version, (a, b) => {
                const sign = Math.sign(compareDebianVersions(a, b));
                assert.equal(
                    spawnSync("dpkg", ["--compare-versions", a, operator(sign), b]).status,
                    0,
                    `${a} ${b}`,
                );
            }),
            { numRuns: 150 },
        );
    }).timeout(20_000);
});

describe("a package index", () => {
    it("lists the engine's packages, newest first, and no others", () => {
        const paragraph = (name: string, version: string) =>
            `Package: ${name}\nArchitecture: amd64\nVersion: ${version}\nSize: 1\n`;
        const index = [
            paragraph("docker-ce", "5:9.0.0-1~debian.12~bookworm"),
            paragraph("docker-ce", "5:26.1.5-1~debian.12~bookworm"),
            paragraph("docker-ce-rootless-extras", "5:26.1.5-1~debian.12~bookworm"),
            paragraph("docker-ce-cli", "5:26.1.5-1~debian.12~bookworm"),
            paragraph("containerd.io", "1.7.9-1"),
            paragraph("containerd.io", "1.7.24-1"),
        ].join("\n");
        assert.deepEqual(parsePackages(index), {
            "docker-ce": ["5:26.1.5-1~debian.12~bookworm", "5:9.0.0-1~debian.12~bookworm"],
            "docker-ce-cli": ["5:26.1.5-1~debian.12~bookworm"],
            "containerd.io": ["1.7.24-1", "1.7.9-1"],
        });
    });
});
