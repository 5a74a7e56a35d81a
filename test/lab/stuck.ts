// An engine that starts no task any more after a restart: rare, and a fault of its own (moby/moby#38318, moby/moby#47396).

import { eventually, type Lab } from "./lab";

/** What the goroutines of interest do: those that start tasks, and those that wait for a lock. */
const OF_INTEREST = /executor\/container|Mutex|JoinNetwork|agent\.\(\*worker\)/;
const MOST_CHARACTERS = 12_000;

/**
 * Waits until the host runs its task of the sample's client again. A sync of its networks that gets no answer takes an
 * engine 30 seconds, several times at worst. One that is stuck for longer is restarted once, as its user would do, and
 * the test's output says so and what it waited for.
 */
export async function runsTasks(lab: Lab, host: string): Promise<void> {
    const task = async () => {
        const found = await lab.on(host, "docker ps -q --filter name=sample_client --filter status=running");
        return found === "" ? undefined : true;
    };
    try {
        await eventually(`a task on ${host}`, task, 150);
    } catch (error) {
        console.log(`      ${(error as Error).message}; restarting its engine. It waits for:`);
        console.log(await goroutines(lab, host));
        await lab.on(host, "sudo systemctl reset-failed docker; sudo systemctl restart docker");
        await lab.skep("unlock");
        await eventually(`a task on ${host} after a further restart`, task, 150);
    }
}

async function goroutines(lab: Lab, host: string): Promise<string> {
    const dump =
        "sudo kill -USR1 $(pidof dockerd); sleep 2; sudo sh -c 'cat /var/run/docker/goroutine-stacks-*.log'";
    const stacks = (await lab.on(host, dump)).split("\n\n").filter((stack) => OF_INTEREST.test(stack));
    return stacks
        .map((stack) => stack.replace(/^\t.*\n?/gm, ""))
        .join("\n")
        .slice(0, MOST_CHARACTERS);
}
