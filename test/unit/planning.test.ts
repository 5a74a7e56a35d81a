import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fc from "fast-check";
import { Address4 } from "ip-address";
import {
    chooseLabSubnet,
    labAddress,
    labBridge,
    labGateway,
    labSubnets,
    routedRanges,
    labZoneRange,
    overlaps,
    parseRange,
} from "../../planning/addresses";
import { renderHostScript, shellQuote } from "../../planning/shell";
import { placeHosts, tolerated } from "../../planning/placement";
import { BLOCK_SIZE, hostPorts, portBlocks, publishedPorts } from "../../planning/ports";
import { renderMetaData, renderUserData } from "../../planning/userdata";

const ZONES = ["a", "b", "c", "d", "e", "f"];
const managers = fc.constantFrom(1, 3, 5, 7);
const workers = fc.integer({ min: 0, max: 40 });
const zones = fc.integer({ min: 1, max: 6 }).map((count) => ZONES.slice(0, count));
const subnet = fc.constantFrom(...labSubnets());

describe("placement", () => {
    it("losing any one zone of three keeps a majority of 3, 5 or 7 managers", () => {
        for (const count of [3, 5, 7])
            for (const lost of ["a", "b", "c"]) {
                const left = placeHosts(count, 0, ["a", "b", "c"]).filter(({ zone }) => zone !== lost);
                assert.ok(
                    left.length > count / 2,
                    `${left.length} of ${count} are left without zone ${lost}`,
                );
            }
    });

    it("tolerates the most losses that leave a majority", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 99 }), (count) => {
                assert.ok(count - tolerated(count) > count / 2);
                assert.ok(count - tolerated(count) - 1 <= count / 2);
            }),
        );
    });

    it("adding workers moves no host", () => {
        fc.assert(
            fc.property(managers, workers, workers, zones, (count, before, more, names) => {
                const later = placeHosts(count, before + more, names);
                const places = new Map(later.map((host) => [host.name, host]));
                for (const host of placeHosts(count, before, names))
                    assert.deepEqual(places.get(host.name), host);
            }),
        );
    });

    it("adding managers moves no host", () => {
        fc.assert(
            fc.property(managers, managers, workers, zones, (a, b, count, names) => {
                const later = placeHosts(Math.max(a, b), count, names);
                const places = new Map(later.map((host) => [host.name, host]));
                for (const host of placeHosts(Math.min(a, b), count, names))
                    assert.deepEqual(places.get(host.name), host);
            }),
        );
    });

    it("makes as many hosts as asked, each under a name of its own, spread evenly over the zones", () => {
        fc.assert(
            fc.property(managers, workers, zones, (managerCount, workerCount, names) => {
                const hosts = placeHosts(managerCount, workerCount, names);
                assert.equal(new Set(hosts.map(({ name }) => name)).size, managerCount + workerCount);
                for (const [role, count] of [
                    ["manager", managerCount],
                    ["worker", workerCount],
                ] as const) {
                    const perZone = names.map(
                        (zone) => hosts.filter((host) => host.role === role && host.zone === zone).length,
                    );
                    assert.equal(
                        perZone.reduce((sum, n) => sum + n, 0),
                        count,
                    );
                    assert.ok(Math.max(...perZone) - Math.min(...perZone) <= 1);
                }
            }),
        );
    });

    it("needs a zone", () => {
        assert.throws(() => placeHosts(1, 0, []), /at least one zone/);
    });
});

describe("addresses of a lab", () => {
    it("no two hosts share an address, and none lies in another zone's range or is the gateway", () => {
        fc.assert(
            fc.property(managers, workers, zones, subnet, (managerCount, workerCount, names, range) => {
                const hosts = placeHosts(managerCount, workerCount, names);
                const addresses = hosts.map((host) => labAddress(range, host));
                assert.equal(new Set(addresses).size, hosts.length);
                assert.ok(!addresses.includes(labBridge(range)) && !addresses.includes(labGateway(range)));
                for (const [i, host] of hosts.entries())
                    for (const [zoneIndex] of names.entries()) {
                        const address = new Address4(addresses[i] ?? "");
                        assert.ok(address.isInSubnet(new Address4(range)));
                        assert.equal(
                            address.isInSubnet(new Address4(labZoneRange(range, zoneIndex))),
                            zoneIndex === host.zoneIndex,
                        );
                    }
            }),
        );
    });

    it("the bridge and the gateway lie in no zone's range, so that cutting a zone cuts neither", () => {
        for (const range of labSubnets())
            for (const [zoneIndex] of ZONES.entries())
                for (const address of [labBridge(range), labGateway(range)])
                    assert.ok(
                        !new Address4(address).isInSubnet(new Address4(labZoneRange(range, zoneIndex))),
                    );
    });

    it("two ranges overlap exactly when they have an address in common", () => {
        // Compare all pairs of ranges within 10.0.0.0/29, address by address.
        const ranges = [29, 30, 31, 32].flatMap((bits) => {
            const size = 2 ** (32 - bits);
            return Array.from({ length: 8 / size }, (_, i) => ({
                text: `10.0.0.${i * size}/${bits}`,
                addresses: Array.from({ length: size }, (_, n) => i * size + n),
            }));
        });
        for (const a of ranges)
            for (const b of ranges) {
                const common = a.addresses.some((address) => b.addresses.includes(address));
                assert.equal(overlaps(a.text, b.text), common, `${a.text} and ${b.text}`);
            }
    });

    it("sees every range of the kernel's routing table, and takes the default route for none", () => {
        const row = (destination: string, mask: string) =>
            `eth0\t${destination}\t010200C0\t0003\t0\t0\t0\t${mask}\t0\t0\t0`;
        const header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
        const table = [
            header,
            row("00000000", "00000000"),
            row("0000BE0A", "00F0FFFF"),
            row("000011AC", "0000FFFF"),
            row("FEA9FEA9", "FFFFFFFF"),
            "",
        ].join("\n");
        assert.deepEqual(routedRanges(table), ["10.190.0.0/20", "172.17.0.0/16", "169.254.169.254/32"]);
    });

    it("a subnet is chosen that is clear of everything taken, and none when nothing is", () => {
        assert.equal(chooseLabSubnet([]), "10.190.0.0/20");
        assert.equal(chooseLabSubnet(["10.190.0.0/20", "10.190.17.0/24"]), "10.190.32.0/20");
        assert.equal(chooseLabSubnet(["10.0.0.0/8"]), undefined);
        fc.assert(
            fc.property(fc.subarray(labSubnets()), (taken) => {
                const chosen = chooseLabSubnet(taken);
                assert.equal(chosen === undefined, taken.length === labSubnets().length);
                assert.ok(chosen === undefined || !taken.includes(chosen));
            }),
        );
    });

    it("a range is written with its first address and its length, or refused", () => {
        assert.equal(parseRange("10.200.0.0/16")?.address, "10.200.0.0/16");
        for (const text of ["10.200.0.1/16", "10.200.0.0", "10.200.0.0/33", "10.256.0.0/16", "fd00::/64", ""])
            assert.equal(parseRange(text), undefined, text);
    });
});

describe("ports of a lab", () => {
    it("no two of a stack's ports are the same, and all lie in its block", () => {
        fc.assert(
            fc.property(
                managers,
                workers,
                fc.constantFrom(...portBlocks()),
                (managerCount, workerCount, base) => {
                    const ports = placeHosts(managerCount, workerCount, ["a"]).flatMap((host) =>
                        publishedPorts(hostPorts(base, host)).map(({ external }) => external),
                    );
                    assert.equal(ports.length, 2 * managerCount + workerCount);
                    assert.equal(new Set(ports).size, ports.length);
                    assert.ok(ports.every((port) => port >= base && port < base + BLOCK_SIZE));
                },
            ),
        );
    });

    it("blocks overlap neither each other nor the ports that Linux hands out to clients", () => {
        const blocks = portBlocks();
        for (const [i, block] of blocks.entries())
            assert.ok(block + BLOCK_SIZE <= (blocks[i + 1] ?? Number.POSITIVE_INFINITY));
        assert.ok(Math.max(...blocks) + BLOCK_SIZE <= 32768);
    });
});

describe("a host script", () => {
    const sh = (script: string) => {
        const end = spawnSync("sh", { input: script, timeout: 10_000 });
        assert.equal(end.status, 0, end.stderr.toString());
        return end.stdout.toString();
    };

    it("gets a value unchanged whatever it contains", () => {
        // Values must fit into a process's environment: no NUL and no halves of surrogate pairs.
        const character = fc.oneof(
            fc.constantFrom("'", '"', "\\", "$", "`", "\n", "\r", " ", "!", "#", "*", "}", "{", ";", "\t"),
            fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
        );
        const value = fc
            .array(character)
            .map((parts) => parts.join(""))
            .filter((text) => !text.includes("\0"));
        fc.assert(
            fc.property(value, value, (a, b) => {
                const script = renderHostScript('printf \'%s|%s\' "$A" "$B"\n', { A: a, B: b });
                assert.equal(sh(script), `${a}|${b}`);
                assert.equal(sh(`printf %s ${shellQuote(a)}`), a);
            }),
            { numRuns: 150 },
        );
    }).timeout(60_000);

    it("hands its values to the programs that it starts", () => {
        assert.equal(sh(renderHostScript("sh -c 'echo $A'", { A: "1" })), "1\n");
    });

    it("with a command in it that reads standard input is not swallowed by it", () => {
        assert.equal(sh(renderHostScript("#!/bin/sh\ncat\necho after\n", {})), "after\n");
    });

    it("does not wait for input that never comes", async () => {
        const child = spawn("sh", { stdio: ["pipe", "pipe", "inherit"] });
        const timer = setTimeout(() => child.kill("SIGKILL"), 1000);
        // The pipe stays open, like that of a connection.
        child.stdin.write(renderHostScript("cat\necho after\n", {}));
        const [said] = (await Promise.race([once(child.stdout, "data"), once(child, "exit")])) as unknown[];
        clearTimeout(timer);
        child.kill("SIGKILL");
        assert.equal(String(said), "after\n");
    });

    it("cut short on its way runs nothing", () => {
        const whole = renderHostScript("echo first\necho second\n", {});
        const { stdout } = spawnSync("sh", { input: whole.slice(0, whole.indexOf("second")) });
        assert.equal(stdout.toString(), "");
    });

    it("takes no input under a name that a shell would not take", () => {
        for (const name of ["A-B", "1A", "A=1; B", ""])
            assert.throws(() => renderHostScript("", { [name]: "x" }), /is no name for a script's input/);
    });
});

describe("first-boot configuration", () => {
    const USER_DATA = `#cloud-config
hostname: manager-1
manage_etc_hosts: false
preserve_hostname: false
users:
  - name: skep
    shell: /bin/bash
    groups:
      - sudo
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh_authorized_keys:
      - ssh-ed25519 AAAA user
disable_root: true
ssh_pwauth: false
ssh_deletekeys: true
ssh_keys:
  ed25519_private: |
    -----BEGIN KEY-----
    c2VjcmV0
    -----END KEY-----
  ed25519_public: ssh-ed25519 BBBB
ssh_genkeytypes: []
package_update: false
`;

    it("is this text, since any other would replace hosts that stand", () => {
        const text = renderUserData({
            hostname: "manager-1",
            user: "skep",
            authorizedKey: "ssh-ed25519 AAAA user\n",
            hostKey: {
                privateKey: "-----BEGIN KEY-----\nc2VjcmV0\n-----END KEY-----\n",
                publicKey: "ssh-ed25519 BBBB\n",
            },
        });
        assert.equal(text, USER_DATA);
    });

    it("has its instance's id and name beside it", () => {
        assert.equal(renderMetaData("i-1", "worker-2"), "instance-id: i-1\nlocal-hostname: worker-2\n");
    });
});
