// Stand-in for pulumi-language-nodejs on networks without Pulumi's downloads, so that the plain `pulumi` command can run this
// project: it starts the SDK's own runner in a Node process and reports how that ended. Everything else (installing packages,
// templates, code generation) is refused as not implemented.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

/** The runner's exit code when it has reported its error to Pulumi. */
const ALREADY_REPORTED = 32;
const RUNNER = "@pulumi/pulumi/cmd/run";

/** The address of Pulumi itself. */
let address = process.argv
    .slice(2)
    .filter((argument) => !argument.startsWith("-"))
    .pop();
const programs = new Set<ChildProcess>();

type Call<T> = grpc.ServerUnaryCall<T, unknown>;
type Reply = grpc.sendUnaryData<unknown>;

const methods = {
    handshake({ request }: Call<rpc.LanguageHandshakeRequest>, reply: Reply) {
        address = request.getEngineAddress() || address;
        reply(null, new rpc.LanguageHandshakeResponse());
    },
    getPluginInfo: (_: Call<Empty>, reply: Reply) => reply(null, new PluginInfo().setVersion("0.1.0")),
    // The SDKs send the provider's version with each resource.
    getRequiredPackages: (_: unknown, reply: Reply) => reply(null, new rpc.GetRequiredPackagesResponse()),
    getRequiredPlugins: (_: unknown, reply: Reply) => reply(null, new rpc.GetRequiredPluginsResponse()),
    about: (_: unknown, reply: Reply) =>
        reply(null, new rpc.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    run({ request }: Call<rpc.RunRequest>, reply: Reply) {
        runProgram(request).then(
            (response) => reply(null, response),
            (error: Error) => reply(null, new rpc.RunResponse().setError(error.message)),
        );
    },
    cancel(_: Call<Empty>, reply: Reply) {
        end("SIGINT");
        reply(null, new Empty());
    },
};

async function runProgram(request: rpc.RunRequest): Promise<rpc.RunResponse> {
    const info = request.getInfo();
    const folder = info?.getProgramDirectory() || request.getPwd();
    const { nodeargs } = (info?.getOptions()?.toJavaScript() ?? {}) as { nodeargs?: string };
    const flags: Record<string, string | number | undefined> = {
        monitor: request.getMonitorAddress(),
        engine: address,
        organization: request.getOrganization(),
        project: request.getProject(),
        "root-directory": info?.getRootDirectory(),
        stack: request.getStack(),
        pwd: request.getPwd(),
        parallel: request.getParallel(),
    };
    const child = spawn(
        process.execPath,
        [
            ...(nodeargs?.split(/\s+/) ?? []),
            createRequire(join(folder, "package.json")).resolve(RUNNER),
            ...Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}=${value}`] : [])),
            ...(request.getDryrun() ? ["--dry-run"] : []),
            info?.getEntryPoint() || request.getProgram() || ".",
            ...request.getArgsList(),
        ],
        {
            cwd: request.getPwd() || folder,
            env: {
                ...process.env,
                PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
                PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
            },
            stdio: ["ignore", "inherit", "inherit"],
        },
    );
    programs.add(child);
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) => {
            programs.delete(child);
            const response = new rpc.RunResponse();
            if (code === ALREADY_REPORTED) response.setBail(true);
            else if (code !== 0)
                response.setError(`the program ended early (${signal ?? `exit code ${code}`})`);
            resolve(response);
        });
    });
}

function end(signal: NodeJS.Signals): void {
    for (const program of programs) program.kill(signal);
}

const notImplemented = Object.keys(LanguageRuntimeService).map((name) => [
    name,
    (_: unknown, reply: Reply) =>
        reply({ code: grpc.status.UNIMPLEMENTED, details: `${name} is not implemented` }),
]);
const server = new grpc.Server();
server.addService(LanguageRuntimeService, { ...Object.fromEntries(notImplemented), ...methods });
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
        process.stderr.write(`${error.message}\n`);
        process.exit(1);
    }
    process.stdout.write(`${port}\n`);
});
// Pulumi ends this process by SIGTERM. A terminal's Ctrl-C reaches the program too, which ends by itself.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => {
    end("SIGTERM");
    process.exit(0);
});
