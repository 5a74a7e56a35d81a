import assert from "node:assert/strict";
import { checkSettings } from "../../config/settings";
import { proxyFiles } from "../../planning/host-proxy";
import {
    directEnvironment,
    hasLoopbackProxy,
    proxiesForOthers,
    proxiesOf,
    proxyProblem,
} from "../../planning/proxies";

const OFFICE = "http://proxy.example:3128";
const OWN = "http://127.0.0.1:3128";

describe("the proxy that an environment names", () => {
    it("is read in small letters and capitals, small ones first, and empty ones are none", () => {
        assert.deepEqual(proxiesOf({ HTTPS_PROXY: OFFICE, http_proxy: "", NO_PROXY: ".example" }), {
            https_proxy: OFFICE,
            no_proxy: ".example",
        });
        assert.deepEqual(proxiesOf({ HTTP_PROXY: OWN, http_proxy: OFFICE }), { http_proxy: OFFICE });
    });

    it("is for hosts and containers too, unless it is on this machine's loopback", () => {
        assert.deepEqual(proxiesForOthers({ https_proxy: OFFICE, http_proxy: OWN, no_proxy: "a" }), {
            https_proxy: OFFICE,
            no_proxy: "a",
        });
        assert.deepEqual(proxiesForOthers({ https_proxy: "http://localhost:1", no_proxy: "a" }), {});
        assert.deepEqual(proxiesForOthers({}), {});
    });

    it("keeps hosts from a site with TLS where the one for such sites is on the loopback", () => {
        assert.equal(hasLoopbackProxy({}), false);
        assert.equal(hasLoopbackProxy({ https_proxy: OFFICE, http_proxy: OWN }), false);
        assert.equal(hasLoopbackProxy({ https_proxy: "http://[::1]:3128" }), true);
        assert.equal(hasLoopbackProxy({ http_proxy: OWN }), true);
    });

    it("has an address of HTTP, or the variable is named", () => {
        assert.equal(proxyProblem({ https_proxy: OFFICE, HTTP_PROXY: "https://proxy.example" }), undefined);
        assert.equal(proxyProblem({ HTTPS_PROXY: "socks5://proxy.example:1080" }), "https_proxy");
        assert.equal(proxyProblem({ http_proxy: "proxy.example:3128" }), "http_proxy");
    });
});

describe("the environment of Skep's programs", () => {
    it("names this machine in every spelling of no_proxy, with commas, whatever stood there", () => {
        const found = directEnvironment({ HTTPS_PROXY: OFFICE, no_proxy: " a.example  .b, c " });
        const names = "a.example,.b,c,127.0.0.1,localhost,::1";
        assert.deepEqual(found, {
            https_proxy: OFFICE,
            HTTPS_PROXY: OFFICE,
            no_proxy: names,
            NO_PROXY: names,
            no_grpc_proxy: "127.0.0.1,localhost,::1",
        });
        assert.deepEqual(directEnvironment(found), found);
    });

    it("has no proxy where there is none, and takes ALL_PROXY for both if that is one of HTTP", () => {
        assert.deepEqual(Object.keys(directEnvironment({})), ["no_grpc_proxy"]);
        assert.deepEqual(proxiesOf({ ALL_PROXY: OFFICE, http_proxy: OWN }), {
            http_proxy: OWN,
            https_proxy: OFFICE,
        });
        assert.deepEqual(proxiesOf({ all_proxy: "socks5://proxy.example:1080" }), {});
    });
});

describe("the proxy of hosts", () => {
    it("reaches apt, Skep's script and the engine, by files that only root reads", () => {
        const files = proxyFiles({ http: "http://u:p%20w@proxy.example:3128", noProxy: [".b", "c.example"] });
        for (const { mode } of Object.values(files)) assert.equal(mode, "600");
        const texts = Object.values(files).map(({ content }) => content);
        assert.match(
            texts[0]!,
            /^Acquire::http::Proxy "http:.*;\nAcquire::http::Proxy::c\.example "DIRECT";/,
        );
        assert.match(texts[1]!, /^export http_proxy='http:.*'\nexport no_proxy='\.b,c\.example'\n$/);
        assert.match(texts[2]!, /^\[Service\]\nEnvironment="HTTP_PROXY=http:\/\/u:p%%20w@/);
        assert.ok(texts.every((text) => !/https_proxy/i.test(text)));
    });

    it("is refused on the loopback, and no refusal shows its password", () => {
        const problems = (proxy: object) =>
            checkSettings("dev", { proxy }).problems.map(({ problem }) => problem);
        assert.deepEqual(problems({ http: OFFICE, noProxy: [".example", "10.0.0.0/8"] }), []);
        assert.match(problems({ https: OWN }).join(), /a proxy that hosts reach/);
        assert.doesNotMatch(problems({ http: "socks5://u:secret@proxy.example" }).join(), /secret/);
    });
});
