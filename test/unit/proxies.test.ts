import assert from "node:assert/strict";
import { hasLoopbackProxy, proxiesForOthers, proxiesOf, proxyProblem } from "../../planning/proxies";

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
