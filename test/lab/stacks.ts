// Tests of the user's own stacks: they run on the lab of another test, and leave it as it was.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome } from "../../cli/pulumi/operate";
import { dockerClient } from "../../scripts/setup/docker";
import { assertMatches } from "../support/schema";
import { eventually, type Lab } from "./lab";

const COMPOSE = `x-log: &log
  driver: json-file
  options: { max-size: 1m }
services:
  web:
    build:
      context: ./web
      args: { BASE: "\${BASE:?the base image}" }
    command: ["sh", "-c", "cp /run/secrets/password /usr/share/nginx/html/password && echo \\"$$GREETING\\" >/usr/share/nginx/html/greeting && exec nginx -g 'daemon off;'"]
    environment:
      GREETING: \${GREETING}
    logging: *log
    secrets: [password]
    configs: [{ source: motd, target: /usr/share/nginx/html/motd }]
    ports: ["8181:80"]
    networks: [front]
    healthcheck: { test: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1/"], interval: 2s }
    deploy:
      replicas: 2
      placement: { max_replicas_per_node: 1 }
      update_config: { order: stop-first, parallelism: 1, monitor: 2s }
  migrate:
    build:
      context: ./web
      args: { BASE: "\${BASE}" }
    command: ["true"]
    networks: [front]
    volumes: ["data:/data"]
    deploy: { restart_policy: { condition: none } }
networks:
  front: {}
volumes:
  data: {}
secrets:
  password: { environment: NONE }
configs:
  motd: { file: ./motd.txt, template_driver: golang, labels: { owner: shop } }
`;

interface Listed {
    stacks: { name: string; managed: boolean; runs: boolean }[];
}
interface Tasks {
    tasks: { name: string; state: string }[];
}

/** A lab of three zones. */
export function testStacks(lab: Lab): void {
    let folder = "";
    const write = (name: string, text: string) => {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), text);
    };
    before(() => (folder = mkdtempSync(join(tmpdir(), "skep-stacks-"))));
    after(() => {
        lab.configure();
        rmSync(folder, { recursive: true });
    });

    it("builds and runs a stack of the user's, changes it, takes it back, and removes it whole", async () => {
        const images = await dockerClient().listImages();
        const BASE = images
            .flatMap(({ RepoTags }) => RepoTags ?? [])
            .find((tag) => /^skep-lab\/nginx:/.test(tag));
        assert.ok(BASE, "this machine has no image of nginx");
        write("compose.yaml", COMPOSE);
        write("motd.txt", "by {{.Service.Name}}\n");
        write(
            "web/Dockerfile",
            "ARG BASE\nFROM ${BASE}\nCOPY index.html /usr/share/nginx/html/\nCOPY web.conf /etc/nginx/conf.d/default.conf\n",
        );
        write("web/web.conf", "server { listen 80; root /usr/share/nginx/html; }\n");
        write("web/index.html", "the shop\n");
        await lab.pulumi("config", "set", "--secret", "--path", "skep:secrets.shop_db", "hidden-password");
        const shop = (variables: Record<string, string>) => ({
            "skep:stacks": {
                shop: {
                    file: join(folder, "compose.yaml"),
                    variables,
                    secrets: { password: "shop_db" },
                    timeout: "2m",
                },
            },
        });
        const unchanged = async () => assert.deepEqual((await lab.json<Outcome>("preview")).steps, []);

        lab.configure(shop({ BASE: "" }));
        const refused = lab.start("preview");
        assert.equal(await refused.result(), 3);
        assert.match(refused.said, /✗ STACK_FILE: .*compose\.yaml:8: .*the base image/);

        lab.configure(shop({ BASE, GREETING: "hello" }));
        const up = await lab.json<Outcome>("up");
        assert.ok(!JSON.stringify(up).includes("hidden-password"));
        const { stacks } = await lab.json<{
            stacks: Record<string, { addresses: { port: number; at: string }[] }>;
        }>("output");
        const { port, at } = stacks.shop?.addresses[0] ?? { port: 0, at: "" };
        assert.equal(port, 8181);
        const page = async (path: string) => {
            const answer = await fetch(`http://${at}/${path}`, { headers: { connection: "close" } });
            return answer.status === 200 ? (await answer.text()).trim() : undefined;
        };
        assert.equal(await eventually("the shop's page", () => page("")), "the shop");
        assert.equal(await page("password"), "hidden-password");
        assert.equal(await page("greeting"), "hello");
        assert.equal(await page("motd"), "by shop_web");
        await unchanged();

        const listed = await lab.json<Listed>("stack", "ls");
        assertMatches("stack-ls", listed);
        assert.deepEqual(
            listed.stacks.filter(({ name }) => name === "shop").map(({ managed, runs }) => [managed, runs]),
            [[true, true]],
        );
        const tasks = await lab.json<Tasks>("stack", "ps", "shop");
        assertMatches("stack-ps", tasks);
        assert.deepEqual(
            tasks.tasks.map(({ name, state }) => `${name} ${state}`),
            ["shop_migrate.1 complete", "shop_web.1 running", "shop_web.2 running"],
        );
        assertMatches("stack-logs", await lab.json("stack", "logs", "shop", "--tail", "3"));

        lab.configure(shop({ BASE, GREETING: "good evening" }));
        const diff = await lab.json<{ steps: { details?: string[] }[] }>("stack", "diff", "shop");
        assertMatches("stack-diff", diff);
        assert.deepEqual(
            diff.steps.flatMap(({ details = [] }) => details),
            ["web.environment.GREETING changed"],
        );
        await lab.json("up");
        await eventually(
            "the other greeting",
            async () => (await page("greeting")) === "good evening" || undefined,
        );

        assertMatches("stack-rollback", await lab.json("stack", "rollback", "shop", "web", "--yes"));
        await eventually(
            "the greeting of before",
            async () => (await page("greeting")) === "hello" || undefined,
        );
        assert.equal((await lab.json<Outcome>("preview")).steps.length, 1, "the file still says otherwise");

        lab.configure();
        await lab.json("up");
        const left = await lab.on(
            "manager-1",
            "docker service ls -q --filter label=com.docker.stack.namespace=shop; docker secret ls -q --filter name=shop_; docker config ls -q --filter name=shop_",
        );
        assert.equal(left, "");
        await lab.pulumi("config", "rm", "--path", "skep:secrets.shop_db");
        await unchanged();
    });
}
