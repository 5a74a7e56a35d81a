// How a command tells the provider that the user gives a swarm up.

/** Set by `npm run up -- --lose-swarm NAME`: the stack whose swarm may end. Plain pulumi does not set it. */
export const LOSE_SWARM = "SKEP_LOSE_SWARM";
