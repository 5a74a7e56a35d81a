// The proxy of the hosts, `skep:proxy`.

import { isLoopbackProxy } from "../planning/proxies";
import { group, list, text, url } from "./values";

const EXAMPLE = "http://proxy.example:3128";
const proxyUrl = () =>
    url(EXAMPLE).refine((given) => !isLoopbackProxy(given), {
        error: `it must be a proxy that hosts reach, such as ${EXAMPLE}: an address of this machine's loopback leads each host to itself`,
    });

export const proxySchema = group({
    /** The proxy for http. Default: none. */
    http: proxyUrl().optional(),
    /** The proxy for https. Default: none. */
    https: proxyUrl().optional(),
    /**
     * Names, domains (`.example`) and ranges of addresses that hosts reach without it. Hosts reach each other, the registry
     * and themselves without it anyway. Default: none.
     */
    noProxy: list(
        text(/^[\w.:/*-]+$/, "a name, a domain such as .example, or a range such as 10.0.0.0/8"),
        "names and ranges, such as [.example, 10.0.0.0/8]",
    ).default([]),
});
