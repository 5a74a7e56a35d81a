// Hosts that reach the world only through a proxy, `skep:proxy`: a lab whose packages and images are at names that nobody
// but the proxy knows.

import assert from "node:assert/strict";
import { dockerClient } from "../../scripts/setup/docker";
import { NO_SERVER } from "../../scripts/setup/images";
import { createProgress } from "../../scripts/setup/progress";
import { setup } from "../../scripts/setup/setup";
import { makeNetwork, type VpcNetwork } from "../aws/instances";
import { PackageServer } from "../aws/repository";
import { Lab, type NodeOutput } from "../lab/lab";
import { required } from "../lab/required";
import { Proxy } from "./proxy";

const STACK = "test-host-proxy";
const PACKAGES = "packages.office.invalid";
const IMAGES = "images.office.invalid";

describe("Hosts with a proxy of their own", function () {
    this.timeout(20 * 60 * 1000);
    let packages: PackageServer | undefined;
    let network: VpcNetwork | undefined;
    /** This machine's own way to the packages, which hosts cannot use. */
    let here: Proxy | undefined;
    let proxy: Proxy;
    let lab: Lab;

    before(async () => {
        const { repository } = await setup({ progress: createProgress(), needs: "lab" });
        if (!repository.mount) throw new Error("the repository that set-up makes is no folder");
        const { source, target } = repository.mount;
        packages = await PackageServer.start(source, "127.0.0.1");
        network = await makeNetwork(STACK);
        const names = {
            [`${PACKAGES}:80`]: { host: "127.0.0.1", port: Number(new URL(packages.url).port) },
        };
        here = await Proxy.start("127.0.0.1", names);
        proxy = await Proxy.start(network.gateway, names);
        lab = new Lab(STACK, undefined, { SKEP_OFFLINE: "1", http_proxy: here.url });
        lab.configure({
            "skep:zones": 1,
            "skep:managers": 1,
            "skep:workers": 1,
            "skep:sample": { enabled: false },
            "skep:repository": {
                url: repository.url.replace(`file://${target}`, `http://${PACKAGES}`),
                fingerprint: repository.fingerprint,
            },
            "skep:proxy": { http: proxy.url, https: proxy.url },
        });
    });
    after(async () => {
        await lab?.skep("destroy", "--yes").catch(() => undefined);
        lab?.forget();
        await Promise.all([packages?.stop(), proxy?.stop(), here?.stop()]);
        if (network) await dockerClient().getNetwork(`skep-${network.name}`).remove();
    });

    /** What went through the proxy since it was last asked. */
    function passed(): { requests: string[]; tunnels: string[] } {
        return { requests: proxy.requests.splice(0), tunnels: proxy.tunnels.splice(0) };
    }

    required("get their engine through it, and reach each other and the registry without it", async () => {
        const running = lab.start("up");
        assert.equal(await running.result(), 0, running.said);
        const { requests, tunnels } = passed();
        for (const file of ["/gpg", "/docker-ce_", "/containerd.io_"])
            assert.equal(
                requests.filter((url) => url.startsWith(`http://${PACKAGES}/`) && url.includes(file)).length,
                2,
                `${file} in ${requests.join("\n")}`,
            );
        // An engine asks the server of each task's image, also where the image is there: this one never exists.
        const known = (to: string) => to.includes(PACKAGES) || NO_SERVER.startsWith(to.replace(":443", "/"));
        assert.deepEqual(
            [...requests, ...tunnels].filter((to) => !known(to)),
            [],
        );
    });

    it("have apt and the engine go by it, whoever runs them", async () => {
        await lab.on("worker-1", "sudo apt-get update >/dev/null 2>&1 || true");
        await lab.on("worker-1", `docker pull ${IMAGES}/any:1 2>&1 || true`);
        const { requests, tunnels } = passed();
        assert.ok(
            requests.some((url) => url.startsWith(`http://${PACKAGES}/`)),
            requests.join("\n"),
        );
        assert.ok(tunnels.includes(`${IMAGES}:443`), tunnels.join("\n"));
    });

    it("have their engines ask the registry, other nodes and themselves directly", async () => {
        const [server] = (await lab.skep("output", "registry")).match(/registry[\w.]+:\d+/) ?? [];
        const { nodes } = await lab.json<{ nodes: NodeOutput[] }>("output");
        const pull = (place: string) => lab.on("worker-1", `docker pull ${place}/any:1 2>&1 || true`);
        assert.match(await pull(server ?? ""), /no basic auth credentials|unauthorized|denied/);
        for (const place of [`${nodes[0]?.address}:1`, "127.0.0.1:1", "localhost:1"])
            assert.match(await pull(place), /connection refused/);
        assert.deepEqual(passed(), { requests: [], tunnels: [] });
        const report = await lab.json<{ checks: { name: string; result: string }[] }>("check", "registry");
        assert.deepEqual(
            report.checks.map(({ result }) => result),
            ["pass"],
        );
    });
});
