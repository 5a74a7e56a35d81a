// Requests that a test sends to a service while it changes the swarm.

import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const EVERY_MS = 100;
const ANSWER_MS = 3000;

/** Ten requests a second until `end`. One that fails is tried once more; both failures are one failed request. */
export function requests(url: string) {
    const failed: string[] = [];
    let answered = 0;
    let runs = true;
    const once = async () => {
        try {
            await answer(url);
        } catch {
            await answer(url);
        }
        answered += 1;
    };
    const work = (async () => {
        while (runs) {
            const begins = new Date().toISOString();
            await once().catch((error: Error) => failed.push(`${begins} ${error.message}`));
            await sleep(EVERY_MS);
        }
    })();
    return {
        async end() {
            runs = false;
            await work;
            return { answered, failed };
        },
    };
}

function answer(url: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const asked = get(url, { agent: false, timeout: ANSWER_MS }, (response) => {
            response.resume();
            if (response.statusCode === 200) response.on("end", resolve).on("error", reject);
            else reject(new Error(`status ${response.statusCode}`));
        });
        asked.on("timeout", () => asked.destroy(new Error("no answer in time"))).on("error", reject);
    });
}
