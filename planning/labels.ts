// Labels of everything that a lab makes on this machine's engine: containers, volumes, networks.

/** The stack's name. */
export const STACK_LABEL = "io.skep.stack";
/** The id of the clone of the project that made it (lab/project.ts). */
export const PROJECT_LABEL = "io.skep.project";
/** What kind of container it is. Only the gateway has it: hosts of older labs have no such label. */
export const ROLE_LABEL = "io.skep.role";
/** The value of ROLE_LABEL for the container that publishes the ports of swarm stacks. */
export const GATEWAY = "gateway";
