// Which Docker engine Skep uses: by variables, by docker's own configuration and contexts, by the sockets of a machine.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { labEngine } from "../../lab/engine";
import { environmentOf, isRemote, resolveEndpoint, USUAL_SOCKET } from "../../planning/docker-endpoint";

const HOME = "/home/ada";
const USUAL = `unix://${USUAL_SOCKET}`;
const ROOTLESS = "/run/user/1000/docker.sock";
const DESKTOP = `${HOME}/.docker/desktop/docker.sock`;
const COLIMA = `${HOME}/.colima/default/docker.sock`;

interface Place {
    environment?: Record<string, string>;
    /** The contents of files, by path. */
    files?: Record<string, string>;
    /** Further paths that exist. */
    sockets?: readonly string[];
    answering?: string;
}

function resolve({ environment = {}, files = {}, sockets = [USUAL_SOCKET], answering }: Place) {
    return resolveEndpoint({
        environment,
        home: HOME,
        read: (path) => files[path],
        exists: (path) => path in files || sockets.includes(path),
        answering,
    });
}

const id = (name: string) => createHash("sha256").update(name).digest("hex");

function context(name: string, host: string, more: object = {}, folder = `${HOME}/.docker`) {
    const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host, ...more } } };
    return { [`${folder}/contexts/meta/${id(name)}/meta.json`]: JSON.stringify(meta) };
}

function current(name: string, folder = `${HOME}/.docker`) {
    return { [`${folder}/config.json`]: JSON.stringify({ auths: {}, currentContext: name }) };
}

function certificates(folder: string, names = ["ca.pem", "cert.pem", "key.pem"]) {
    return Object.fromEntries(names.map((name) => [`${folder}/${name}`, "PEM"]));
}

describe("The Docker engine that is meant", () => {
    const colima = { ...context("colima", `unix://${COLIMA}`), ...current("colima") };
    const tlsFolder = `${HOME}/.docker/contexts/tls/${id("far")}/docker`;
    const cases: [string, Place, string, string?][] = [
        ["is at the usual socket where nothing says anything", {}, USUAL],
        ["is at the usual socket where none is there at all", { sockets: [] }, USUAL],
        [
            "is what DOCKER_HOST says, whatever contexts say, as docker's command line has it",
            { environment: { DOCKER_HOST: "unix:///a.sock", DOCKER_CONTEXT: "colima" }, files: colima },
            "unix:///a.sock",
            "DOCKER_HOST",
        ],
        [
            "is what DOCKER_CONTEXT names, whatever the current context is",
            {
                environment: { DOCKER_CONTEXT: "other" },
                files: { ...colima, ...context("other", "unix:///other.sock") },
            },
            "unix:///other.sock",
            'the Docker context "other"',
        ],
        [
            "is that of the current context",
            { files: colima },
            `unix://${COLIMA}`,
            'the Docker context "colima"',
        ],
        [
            "is that of the current context in the folder that DOCKER_CONFIG names",
            {
                environment: { DOCKER_CONFIG: "/cfg" },
                files: { ...context("b", "unix:///b.sock", {}, "/cfg"), ...current("b", "/cfg") },
            },
            "unix:///b.sock",
            'the Docker context "b"',
        ],
        [
            "is this machine's own where the context is docker's default one",
            { environment: { DOCKER_CONTEXT: "default" }, files: colima },
            USUAL,
        ],
        [
            "is no manager of a lab of Skep's, also while its context is the current one",
            { files: { ...context("skep-dev", "tcp://127.0.0.1:21000"), ...current("skep-dev") } },
            USUAL,
        ],
        [
            "is what stays where variables are empty",
            { environment: { DOCKER_HOST: "", DOCKER_CONTEXT: "" }, files: colima },
            `unix://${COLIMA}`,
            'the Docker context "colima"',
        ],
        [
            "is at the rootless engine's socket where the usual one is not there",
            { environment: { XDG_RUNTIME_DIR: "/run/user/1000" }, sockets: [ROOTLESS, COLIMA] },
            `unix://${ROOTLESS}`,
        ],
        ["is Docker Desktop's where only that is there", { sockets: [DESKTOP] }, `unix://${DESKTOP}`],
        ["is colima's where only that is there", { sockets: [COLIMA] }, `unix://${COLIMA}`],
        [
            "is the one that was found to answer, where others are there too",
            { sockets: [USUAL_SOCKET, COLIMA], answering: COLIMA },
            `unix://${COLIMA}`,
        ],
        [
            "is never the one that was found where something names another",
            {
                files: context("colima", "unix:///c.sock"),
                environment: { DOCKER_CONTEXT: "colima" },
                answering: COLIMA,
            },
            "unix:///c.sock",
            'the Docker context "colima"',
        ],
        [
            "is at a port, the usual one where none is said, without a scheme too",
            { environment: { DOCKER_HOST: "10.0.0.1" } },
            "tcp://10.0.0.1:2375",
            "DOCKER_HOST",
        ],
        [
            "is at the port that is said, also where a URL would drop it",
            { environment: { DOCKER_HOST: "tcp://10.0.0.1:80" } },
            "tcp://10.0.0.1:80",
            "DOCKER_HOST",
        ],
    ];
    for (const [title, place, host, from] of cases)
        it(title, () => {
            const { endpoint, problem } = resolve(place);
            assert.equal(problem, undefined);
            assert.deepEqual({ host: endpoint?.host, from: endpoint?.from }, { host, from });
            assert.equal(endpoint?.certificates, undefined);
        });

    it("is spoken to by TLS where DOCKER_TLS_VERIFY is set, with the certificates of DOCKER_CERT_PATH or docker's own folder", () => {
        const tls = { DOCKER_HOST: "tcp://far", DOCKER_TLS_VERIFY: "1" };
        const own = resolve({ environment: tls, files: certificates(`${HOME}/.docker`) });
        assert.deepEqual(own.endpoint, {
            host: "tcp://far:2376",
            from: "DOCKER_HOST",
            certificates: `${HOME}/.docker`,
        });
        const named = resolve({
            environment: { ...tls, DOCKER_CERT_PATH: "/certs" },
            files: certificates("/certs"),
        });
        assert.equal(named.endpoint?.certificates, "/certs");
    });

    it("is spoken to by TLS with the certificates that its context has", () => {
        const { endpoint } = resolve({
            environment: { DOCKER_CONTEXT: "far" },
            files: { ...context("far", "tcp://far:2376"), ...certificates(tlsFolder) },
        });
        assert.equal(endpoint?.certificates, tlsFolder);
    });

    it("has no certificates at a socket, whatever variables say", () => {
        const { endpoint } = resolve({
            environment: {
                DOCKER_HOST: "unix:///a.sock",
                DOCKER_TLS_VERIFY: "1",
                DOCKER_CERT_PATH: "/certs",
            },
        });
        assert.deepEqual(endpoint, { host: "unix:///a.sock", from: "DOCKER_HOST" });
    });

    const refusals: [string, Place, RegExp][] = [
        [
            "by SSH",
            { environment: { DOCKER_HOST: "ssh://ada@far" } },
            /^DOCKER_HOST names an engine at ssh:\/\/, /,
        ],
        [
            "by SSH, in a context",
            { files: { ...context("far", "ssh://ada@far"), ...current("far") } },
            /^The Docker context "far" names an engine at ssh:\/\/, /,
        ],
        [
            "with a password in its address",
            { environment: { DOCKER_HOST: "tcp://a:b@far" } },
            /at tcp:\/\/, /,
        ],
        [
            "in a context that is not there",
            { environment: { DOCKER_CONTEXT: "gone" } },
            /^There is no Docker context "gone", which DOCKER_CONTEXT names\.$/,
        ],
        [
            "in a current context that is not there",
            { files: current("gone") },
            /^There is no Docker context "gone", which \/home\/ada\/\.docker\/config\.json names\.$/,
        ],
        [
            "in a context without an engine",
            {
                environment: { DOCKER_CONTEXT: "k" },
                files: { [`${HOME}/.docker/contexts/meta/${id("k")}/meta.json`]: '{"Endpoints":{}}' },
            },
            /"k" names no engine/,
        ],
        [
            "by a configuration that is no JSON",
            { files: { [`${HOME}/.docker/config.json`]: "{" } },
            /not JSON/,
        ],
        [
            "with TLS of which a file is missing",
            {
                environment: { DOCKER_CONTEXT: "far" },
                files: { ...context("far", "tcp://far"), ...certificates(tlsFolder, ["ca.pem", "cert.pem"]) },
            },
            /key\.pem is missing in /,
        ],
        [
            "with TLS that checks nothing",
            { environment: { DOCKER_HOST: "tcp://far", DOCKER_TLS: "1" } },
            /is not to be checked/,
        ],
        [
            "with TLS that checks nothing, in a context",
            { files: { ...context("far", "tcp://far", { SkipTLSVerify: true }), ...current("far") } },
            /is not to be checked/,
        ],
    ];
    for (const [title, place, sentence] of refusals)
        it(`is refused ${title}`, () => {
            const { endpoint, problem } = resolve(place);
            assert.equal(endpoint, undefined);
            assert.equal(problem?.id, "DOCKER_ENDPOINT");
            assert.match(problem?.problem ?? "", sentence);
            assert.doesNotMatch(problem?.problem ?? "", /ada@|a:b/);
        });

    it("is what other programs find in their environment, with nothing beside it that they could prefer", () => {
        const plain = { DOCKER_CONTEXT: "", DOCKER_CERT_PATH: "", DOCKER_TLS: "", DOCKER_TLS_VERIFY: "" };
        assert.deepEqual(environmentOf({ host: "unix:///a.sock" }), {
            ...plain,
            DOCKER_HOST: "unix:///a.sock",
        });
        assert.deepEqual(environmentOf({ host: "tcp://far:2376", certificates: "/certs" }), {
            ...plain,
            DOCKER_HOST: "tcp://far:2376",
            DOCKER_CERT_PATH: "/certs",
            DOCKER_TLS_VERIFY: "1",
        });
        // These variables lead to the same engine again.
        const environment = environmentOf({ host: "tcp://far:2376", certificates: "/certs" });
        assert.equal(
            resolve({ environment, files: certificates("/certs") }).endpoint?.host,
            "tcp://far:2376",
        );
    });
});

describe("an engine on another machine", () => {
    it("is one at a port that is not on the loopback", () => {
        for (const host of [
            "unix:///run/docker.sock",
            "tcp://127.0.0.1:2375",
            "tcp://localhost:2376",
            "tcp://[::1]:1",
        ])
            assert.equal(isRemote({ host }), false, host);
        for (const host of [
            "tcp://10.0.0.1:2375",
            "tcp://docker.example:2376",
            "tcp://localhost.example:2376",
        ])
            assert.equal(isRemote({ host }), true, host);
    });

    it("is refused for a lab before it is asked", async () => {
        const { DOCKER_HOST } = process.env;
        process.env.DOCKER_HOST = "tcp://192.0.2.1:2375";
        try {
            await assert.rejects(
                labEngine("dev", { wasUp: false }),
                /DOCKER_REMOTE: DOCKER_HOST names the engine at tcp/,
            );
        } finally {
            if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
            else process.env.DOCKER_HOST = DOCKER_HOST;
        }
    });
});
